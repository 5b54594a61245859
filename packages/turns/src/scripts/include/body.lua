-- body: one event in the form of 03 §3. `frag` is the message's `"service":...,"conversation":...`, made once by TypeScript.
local function body(kind, step, status, frag, data)
  return '{"type":"' .. kind .. '","timestamp":"' .. now_iso .. '","ts":' .. now_ms .. ',' .. frag
    .. ',"event":{"agent":"platform","step":"' .. step .. '","status":"' .. status .. '"},"data":' .. data .. '}'
end
