--[[
  Takes a task over: commits under an older token are refused from here on.

  KEYS[1]  {task}:meta   hash   inc, token, next, seek, state, …
  ARGV[1]  token of the new owner

  Returns  inc, next, seek, state; or nothing when the task is not known
]]
local stored = redis.call('HMGET', KEYS[1], 'inc', 'next', 'seek', 'state')
if not stored[1] then return false end
redis.call('HSET', KEYS[1], 'token', ARGV[1])
return stored
