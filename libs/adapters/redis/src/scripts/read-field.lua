--[[
  Reads one field together with the position it belongs to.

  KEYS[1]  {task}:meta   hash   next, state, …
  KEYS[2]  {task}:f      hash   fields
  ARGV[1]  field

  Returns  next, state, the field's value (nothing: there is none); or nothing when the task is not known
]]
local stored = redis.call('HMGET', KEYS[1], 'next', 'state')
if not stored[1] then return false end
return { stored[1], stored[2], redis.call('HGET', KEYS[2], ARGV[1]) }
