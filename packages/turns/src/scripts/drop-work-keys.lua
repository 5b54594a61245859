#!lua flags=allow-oom
-- drop-work-keys: a rebuild drops what it makes again from the rows.
-- KEYS
--   1: P
-- ARGV
--   token: of the rebuild
--   keys...: names of keys of this scope
-- Returns {0}; {-1} another rebuild has begun meanwhile, or is done
-- Invariants: one that was overtaken while it looked for the keys must not take them from the data that is there now.
if redis.call('HGET', K.epoch, 'run_id') ~= token then return { -1 } end
for i = keys_at, #ARGV do redis.call('UNLINK', ARGV[i]) end
return { 0 }
