--[[
  Applies a commit to the checkpoint of a task, if its fence matches.

  A script that fails keeps what it wrote before. So everything written before the one HSET below is out of sight
  (behind the length that the checkpoint gives a list, or in a list that it does not name yet), and everything after
  it only clears away what is out of sight already. A list is named by its slice and a generation; a rewrite begins the
  next generation.

  KEYS[1]  {task}:meta   hash   inc, token, next, seek, state, and for each slice s:<slice> = "<generation> <length>"
  Lists    ARGV[1]<slice>:<generation>, in the slot of KEYS[1]; one blob for each delta

  ARGV[1]  prefix of the lists' names
  ARGV[2]  inc     ARGV[3]  token     ARGV[4]  next before     the fence
  ARGV[5]  next    ARGV[6]  seek      ARGV[7]  state           after the commit
  ARGV[8]  portions of fields that were put before; 0: none
  ARGV[9]  number of rewrites, then that many pairs: slice, blob
           number of deltas,   then that many pairs: slice, blob
           number of drops,    then that many slices

  Returns  committed | mine-already | not-mine | rolled-back | never-seen
]]
local meta, prefix = KEYS[1], ARGV[1]
local inc, token, from = ARGV[2], ARGV[3], ARGV[4]
local next = ARGV[5]

local refusal = refusalOf(meta, inc, token, from, next)
if refusal then return refusal end
-- A store that was rolled back since its fields were put has lost them.
local portions = tonumber(ARGV[8])
if portions > 0 and tonumber(redis.call('HGET', meta, 'puts')) ~= portions then return 'rolled-back' end

local at = 9
local function take()
  at = at + 1
  return ARGV[at - 1]
end

local places, changed, spent = {}, {}, {}

local function nameOf(slice, generation)
  return prefix .. slice .. ':' .. generation
end

local function put(slice, generation, length)
  if not places[slice] then changed[#changed + 1] = slice end
  places[slice] = { generation = generation, length = length }
end

local function placeOf(slice)
  if places[slice] then return places[slice].generation, places[slice].length end
  local field = redis.call('HGET', meta, 's:' .. slice)
  if not field then return 1, 0 end
  local generation, length = string.match(field, '^(%d+) (%d+)$')
  return tonumber(generation), tonumber(length)
end

for _ = 1, tonumber(take()) do
  local slice, blob = take(), take()
  local generation = placeOf(slice)
  local name = nameOf(slice, generation + 1)
  redis.call('UNLINK', name)
  redis.call('RPUSH', name, blob)
  spent[#spent + 1] = nameOf(slice, generation)
  put(slice, generation + 1, 1)
end

for _ = 1, tonumber(take()) do
  local slice, blob = take(), take()
  local touched = places[slice]
  local generation, length = placeOf(slice)
  local name = nameOf(slice, generation)
  if not touched and redis.call('LLEN', name) > length then
    -- What a commit that failed half-way left behind.
    if length == 0 then redis.call('UNLINK', name) else redis.call('LTRIM', name, 0, length - 1) end
  end
  redis.call('RPUSH', name, blob)
  put(slice, generation, length + 1)
end

local dropped = {}
for _ = 1, tonumber(take()) do
  local slice = take()
  local generation, length = placeOf(slice)
  if places[slice] or length > 0 then
    spent[#spent + 1] = nameOf(slice, generation)
    dropped[#dropped + 1] = 's:' .. slice
    put(slice, generation, 0)
  end
end

local fields = { 'next', next, 'seek', ARGV[6], 'state', ARGV[7] }
if portions > 0 then
  fields[#fields + 1] = 'puts'
  fields[#fields + 1] = 0
end
for _, slice in ipairs(changed) do
  fields[#fields + 1] = 's:' .. slice
  fields[#fields + 1] = places[slice].generation .. ' ' .. places[slice].length
end
redis.call('HSET', meta, unpack(fields))

if #dropped > 0 then redis.call('HDEL', meta, unpack(dropped)) end
for _, name in ipairs(spent) do redis.call('UNLINK', name) end
return 'committed'
