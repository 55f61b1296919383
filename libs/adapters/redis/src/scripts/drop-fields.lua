--[[
  Deletes fields, if the position is still where the commit has moved it that no longer needs them.

  KEYS[1]  {task}:meta   hash   inc, token, next, …
  KEYS[2]  {task}:f      hash   fields

  ARGV[1]  inc     ARGV[2]  token     ARGV[3]  next after the commit
  ARGV[4]… fields

  Returns  committed | not-mine | rolled-back | never-seen
]]
local refusal = refusalOf(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[3])
if refusal then return refusal end
redis.call('HDEL', KEYS[2], unpack(ARGV, 4))
return 'committed'
