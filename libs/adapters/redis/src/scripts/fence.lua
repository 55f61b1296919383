--[[
  What everything that writes to a checkpoint begins with: is the fence the caller's?

  meta               {task}:meta
  inc, token, from   the fence
  next               where the commit goes

  Returns  nothing when the fence matches, else the refusal
]]
local function refusalOf(meta, inc, token, from, next)
  local stored = redis.call('HMGET', meta, 'inc', 'token', 'next')
  if not stored[1] then return 'never-seen' end
  if stored[2] ~= token then return 'not-mine' end
  if stored[1] ~= inc then return 'rolled-back' end
  if stored[3] == from then return nil end
  if stored[3] == next then return 'mine-already' end
  return 'rolled-back'
end

