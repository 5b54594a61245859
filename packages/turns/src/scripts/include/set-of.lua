-- set_of: the rest of ARGV from an index on, as a set.
local function set_of(from)
  local set = {}
  for i = from, #ARGV do set[ARGV[i]] = true end
  return set
end
