--[[
  Writes some of the fields of a commit, if its fence matches. Each value says by itself as of which position it is.

  KEYS[1]  {task}:meta   hash   inc, token, next, …
  KEYS[2]  {task}:f      hash   fields

  ARGV[1]  inc     ARGV[2]  token     ARGV[3]  next before     the fence
  ARGV[4]  next after the commit
  ARGV[5]  which portion of the commit's fields this is, from 1 on: the checkpoint knows how many of them it has
  ARGV[6]… pairs: field, value

  Returns  committed | mine-already | not-mine | rolled-back | never-seen
]]
local refusal = refusalOf(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4])
if refusal then return refusal end
-- A store that was rolled back meanwhile has lost those before.
local portion = tonumber(ARGV[5])
if portion > 1 and tonumber(redis.call('HGET', KEYS[1], 'puts')) ~= portion - 1 then return 'rolled-back' end
redis.call('HSET', KEYS[2], unpack(ARGV, 6))
redis.call('HSET', KEYS[1], 'puts', portion)
return 'committed'
