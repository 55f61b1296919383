--[[
  Counts the starts of a task at one position.

  KEYS[1]  {task}:attempts   hash   next, count
  ARGV[1]  next

  Returns  how many starts there were at this position since the last one elsewhere, this one included
]]
if redis.call('HGET', KEYS[1], 'next') ~= ARGV[1] then
  redis.call('HSET', KEYS[1], 'next', ARGV[1], 'count', 0)
end
return redis.call('HINCRBY', KEYS[1], 'count', 1)
