--[[
  Creates the checkpoint of a task that is not known.

  KEYS[1]  {task}:meta   hash   inc, token, next, seek, state, …
  KEYS[2]  {task}:f      hash   fields; what is left of another checkpoint is deleted
  ARGV     inc, token, next, seek, state

  Returns  1 when it is there now as asked for, also by an earlier attempt of the same owner; 0 when another is kept
]]
local stored = redis.call('HMGET', KEYS[1], 'inc', 'token')
if stored[1] then
  if stored[1] == ARGV[1] and stored[2] == ARGV[2] then return 1 end
  return 0
end
redis.call('UNLINK', KEYS[2])
redis.call('HSET', KEYS[1], 'inc', ARGV[1], 'token', ARGV[2], 'next', ARGV[3], 'seek', ARGV[4], 'state', ARGV[5])
return 1
