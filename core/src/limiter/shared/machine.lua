-- The shared ledger of an account in Redis: the same state machine as machine.rs, step by step, with the same names.
-- KEYS: slots (sorted set, the score is the end), light slots, light asks, meta (hash), processes (hash).
-- ARGV: what the process tells, as JSON. The answer is that of Reply in exchange.rs, in the order of its fields.

local SLOTS, LIGHT, ASKS, META, PROCESSES = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local SHORTEST_REST, USUAL_REST = 3000000, 5000000
local LONGEST_PERIOD, MAX_REQUESTS = 300000000, 1000
local MAX_HEAVY_GRANTS = 16
local LATE, MEMORY = 1000000, 60000000
local LONGEST_LOOK, SHORTEST_LOOK, TIME_TO_GATHER = 1000000, 10000, 30000
local SECOND, MILLISECOND = 1000000, 1000
local DAYS_30 = 2592000000
local DONE, REPLAY, LATE_CALL = 0, 1, 2

local function server_time()
  local time = redis.call('TIME')
  return tonumber(time[1]) * SECOND + tonumber(time[2])
end

local function text(number)
  return string.format('%.0f', number)
end

local request = cjson.decode(ARGV[1])
local own = request.process
local now = server_time()
local run = redis.call('INFO', 'server'):match('run_id:(%x+)') or ''

-- ---- the slowdown after a 429: slowdown.rs ----

local NUMBERS = { 'epoch', 'version', 'time', 'rest_until', 'virtual_time', 'longest_period', 'most_requests', 'count',
  'waiters', 'paused_until', 'set_at', 'strikes', 'next', 'paced_requests' }

local function empty_meta()
  local meta = { run = run, reason = '' }
  for _, name in ipairs(NUMBERS) do meta[name] = 0 end
  return meta
end

local function read_meta()
  local flat = redis.call('HGETALL', META)
  if #flat == 0 then return nil end
  local meta = empty_meta()
  for i = 1, #flat, 2 do
    local name, value = flat[i], flat[i + 1]
    if name == 'run' or name == 'reason' then meta[name] = value else meta[name] = tonumber(value) end
  end
  return meta
end

local function write_meta(meta)
  local flat = { 'run', meta.run, 'reason', meta.reason }
  for _, name in ipairs(NUMBERS) do
    flat[#flat + 1] = name
    flat[#flat + 1] = text(meta[name])
  end
  redis.call('HSET', META, unpack(flat))
end

local function doubled(first, times, most)
  return math.min(first * 2 ^ math.max(times - 1, 0), most)
end

local function slowdown_earliest(meta)
  return math.max(now, meta.paused_until, meta.next)
end

local function slowdown_pause(meta, sent_at, wait)
  local is_new = meta.set_at == 0 or sent_at > meta.set_at
  if is_new then
    meta.strikes = math.min(meta.strikes + 1, 16)
    meta.set_at = now
  end
  meta.paced_requests = 200
  if not is_new and wait < 0 and meta.paused_until > 0 then return end
  local length
  if wait < 0 then
    local half = math.floor(doubled(SECOND, meta.strikes, 60 * SECOND) / 2)
    length = half + math.floor(half * request.chance / 65536)
  else
    length = math.min(wait, 600 * SECOND)
  end
  meta.paused_until = math.max(meta.paused_until, now + length)
end

local function slowdown_count(meta)
  if meta.paced_requests > 0 then
    meta.paced_requests = meta.paced_requests - 1
    meta.next = now + doubled(25 * MILLISECOND, meta.strikes, 300 * MILLISECOND)
  end
end

-- ---- counting ----

local function count(key, period)
  return redis.call('ZCOUNT', key, '(' .. text(now - period), '+inf')
end

-- When at most `most` of the first `size` are left in the window, if none ends after `last`.
local function time_of_most(most, size, period, last)
  local place = size - most - 1
  if place < 0 then return now end
  local entry = redis.call('ZRANGE', SLOTS, place, place, 'WITHSCORES')
  return math.max(now, math.min(tonumber(entry[2]), last) + period)
end

local function total(demands)
  local sum = 0
  for _, demand in ipairs(demands) do sum = sum + demand.light + demand.heavy end
  return sum
end

-- A process: seen:due:call:top:tag:demands
local function read_process(packed)
  local seen, due, call, top, tag, demands = packed:match('^(%d+):(%d+):(%d+):(%d+):(%d+):(.*)$')
  return { seen = tonumber(seen), due = tonumber(due), call = tonumber(call), top = tonumber(top), tag = tonumber(tag),
    packed_demands = demands }
end

local function write_process(name, process)
  local demands = ''
  if total(process.demands) > 0 then demands = cjson.encode(process.demands) end
  redis.call('HSET', PROCESSES, name, table.concat({ text(process.seen), text(process.due), text(process.call),
    text(process.top), text(process.tag), demands }, ':'))
end

local function is_waiting(process)
  return process.packed_demands ~= '' and process.due + LATE >= now
end

-- ---- loss and epochs ----

local function loss(meta)
  if meta == nil then
    return request.epoch == 0 and 'first use' or 'its data is gone'
  elseif meta.run ~= run then
    return 'the server was restarted, or is another one'
  elseif redis.call('ZCARD', SLOTS) ~= meta.count or redis.call('HLEN', PROCESSES) ~= meta.waiters then
    return 'a part of its data is gone'
  elseif now < meta.time then
    return 'its clock went back'
  elseif request.epoch > meta.epoch or (request.epoch == meta.epoch and meta.version < request.version) then
    return 'an older state came back'
  elseif request.epoch == meta.epoch and request.lost ~= '' then
    return request.lost
  end
end

local function begin_epoch(meta, reason)
  local rest = nil
  for _, set in ipairs(request.sets) do
    for _, limit in ipairs(set.limits) do rest = math.min(rest or limit[2], limit[2]) end
  end
  rest = rest and math.max(rest, SHORTEST_REST) or USUAL_REST
  local epoch = math.max(now, (meta and meta.epoch or 0) + 1, request.epoch + 1)
  local new = empty_meta()
  new.epoch, new.reason, new.time, new.rest_until = epoch, reason, now, now + rest
  write_meta(new)
  redis.call('DEL', SLOTS, LIGHT, ASKS, PROCESSES)
  redis.call('PEXPIRE', META, DAYS_30)
  return new
end

local function reply(meta, status, fields)
  fields = fields or {}
  return { status, now, meta.epoch, meta.version, math.max(meta.rest_until - now, 0), meta.reason,
    slowdown_earliest(meta) - now, fields.look or -1, fields.wait or 0, fields.grants or {}, fields.bounds or {}, fields.free or {} }
end

-- ---- one exchange ----

local meta = read_meta()
local reason = loss(meta)
if reason then
  meta = begin_epoch(meta, reason)
else
  local packed = redis.call('HGET', PROCESSES, own)
  if packed and request.call <= read_process(packed).call then return reply(meta, LATE_CALL) end
end
if request.epoch ~= meta.epoch then return reply(meta, REPLAY) end

-- The first write is one that a full or read-only server refuses: so nothing is written in part.
redis.call('HSET', META, 'run', run)

meta.longest_period = math.max(meta.longest_period, LONGEST_PERIOD)
meta.most_requests = math.max(meta.most_requests, MAX_REQUESTS)
for _, set in ipairs(request.sets) do
  for _, limit in ipairs(set.limits) do
    meta.longest_period = math.max(meta.longest_period, limit[2])
    meta.most_requests = math.max(meta.most_requests, limit[1])
  end
end

-- Writes down what the process tells.
local processes = {}
local flat = redis.call('HGETALL', PROCESSES)
for i = 1, #flat, 2 do processes[flat[i]] = read_process(flat[i + 1]) end
local process = processes[own] or { seen = 0, due = 0, call = 0, top = 0, tag = 0, packed_demands = '' }
local was_waiting = process.packed_demands ~= ''

local function member(number)
  return own .. ':' .. text(number)
end

local function take(number, is_light, score)
  redis.call('ZADD', SLOTS, text(score), member(number))
  redis.call(is_light and 'ZADD' or 'ZREM', LIGHT, unpack(is_light and { text(score), member(number) } or { member(number) }))
end

local function drop(number)
  redis.call('ZREM', SLOTS, member(number))
  redis.call('ZREM', LIGHT, member(number))
end

for number = request.next, process.top do drop(number) end
process.call, process.seen = request.call, now
for _, slot in ipairs(request.taken) do take(slot[1], slot[2] == 1, now - slot[3]) end
for _, slot in ipairs(request.ended) do
  redis.call('ZADD', SLOTS, 'XX', text(now - slot[2]), member(slot[1]))
  redis.call('ZADD', LIGHT, 'XX', text(now - slot[2]), member(slot[1]))
end
for _, number in ipairs(request.unused) do drop(number) end
for i = 1, math.min(request.asked, math.floor(meta.most_requests / 2)) do redis.call('ZADD', ASKS, text(now), member(request.call) .. ':' .. i) end
if #request.refusal == 2 then slowdown_pause(meta, now - request.refusal[1], request.refusal[2]) end
if request.accepted >= 0 and meta.set_at > 0 and now - request.accepted > meta.set_at then meta.strikes = 0 end
if request.pause > 0 then meta.paused_until = math.max(meta.paused_until, now + request.pause) end

-- Forgets what counts no more.
local past = text(now - meta.longest_period)
redis.call('ZREMRANGEBYSCORE', SLOTS, '-inf', past)
redis.call('ZREMRANGEBYSCORE', LIGHT, '-inf', past)
redis.call('ZREMRANGEBYSCORE', ASKS, '-inf', past)
local surplus = redis.call('ZCARD', ASKS) - math.floor(meta.most_requests / 2)
if surplus > 0 then redis.call('ZREMRANGEBYRANK', ASKS, 0, surplus - 1) end
for name, other in pairs(processes) do
  if name ~= own and not is_waiting(other) and other.seen + MEMORY <= now then
    redis.call('HDEL', PROCESSES, name)
    processes[name] = nil
  end
end

-- Gives the process what is its own of the free slots.
local candidates = {}
for name, other in pairs(processes) do
  if name ~= own and is_waiting(other) then
    candidates[#candidates + 1] = { tag = other.tag, process = name, demands = cjson.decode(other.packed_demands) }
  end
end
local asking = { tag = process.tag, process = own, demands = request.sets, is_asking = true }
if not was_waiting then asking.tag = math.max(asking.tag, meta.virtual_time) end
candidates[#candidates + 1] = asking

local taken, light_taken, heavy_grants = 0, 0, 0
local used, held, asked = {}, {}, {}
local function counted(cache, key, period)
  if cache[period] == nil then cache[period] = count(key, period) end
  return cache[period]
end

local function free(limit)
  return math.max(limit[1] - counted(used, SLOTS, limit[2]) - taken, 0)
end

local function left(limit, is_heavy)
  if not is_heavy or limit[3] == 0 then return 0 end
  local wanted = math.max(counted(asked, ASKS, limit[2]) - counted(held, LIGHT, limit[2]) - light_taken, 0)
  return math.max(math.min(wanted, math.floor(limit[1] / 2)), limit[3])
end

local function lets_pass(demand, is_heavy)
  for _, limit in ipairs(demand.limits) do
    if free(limit) <= left(limit, is_heavy) then return false end
  end
  return true
end

local function class_that_passes(candidate)
  for set, demand in ipairs(candidate.demands) do
    if demand.light > 0 and lets_pass(demand, false) then return 2 * (set - 1) end
  end
  if candidate.is_asking and heavy_grants >= MAX_HEAVY_GRANTS then return nil end
  for set, demand in ipairs(candidate.demands) do
    if demand.heavy > 0 and lets_pass(demand, true) then return 2 * (set - 1) + 1 end
  end
end

local function comes_before(a, b)
  return a.tag < b.tag or (a.tag == b.tag and a.process < b.process)
end

local function distribute(most)
  local grants = {}
  local waiting = {}
  for i, candidate in ipairs(candidates) do waiting[i] = candidate end
  while taken < most and #waiting > 0 do
    local place = 1
    for i = 2, #waiting do
      if comes_before(waiting[i], waiting[place]) then place = i end
    end
    local candidate = waiting[place]
    local class = class_that_passes(candidate)
    if class then
      local demand = candidate.demands[math.floor(class / 2) + 1]
      candidate.tag = candidate.tag + 1
      taken = taken + 1
      if class % 2 == 0 then
        demand.light = demand.light - 1
        light_taken = light_taken + 1
      else
        demand.heavy = demand.heavy - 1
      end
      if candidate.is_asking then
        heavy_grants = heavy_grants + class % 2
        grants[#grants + 1] = class
      end
    elseif candidate.is_asking then
      return grants
    else
      table.remove(waiting, place)
    end
  end
  return grants
end

local earliest = math.max(slowdown_earliest(meta), meta.rest_until)
local grants = {}
if earliest <= now then grants = distribute(meta.paced_requests > 0 and 1 or math.huge) end
if #grants > 0 then meta.virtual_time = math.max(meta.virtual_time, asking.tag - 1) end
for i, class in ipairs(grants) do
  take(request.next + i - 1, class % 2 == 0, now + request.lease)
  slowdown_count(meta)
end

-- When to ask again.
taken, light_taken, used, held, asked = 0, 0, {}, {}, {}
local size = redis.call('ZCARD', SLOTS)
local ahead = 0
for _, other in ipairs(candidates) do
  if not other.is_asking and total(other.demands) > 0 and comes_before(other, asking) then ahead = ahead + 1 end
end
earliest = math.max(slowdown_earliest(meta), earliest)

local function time_of_free(demand, is_heavy, last)
  local latest = now
  for _, limit in ipairs(demand.limits) do
    local most = math.max(limit[1] - left(limit, is_heavy) - ahead - 1, 0)
    latest = math.max(latest, time_of_most(most, size, limit[2], last))
  end
  return latest
end

local function wait_of(demands, last)
  local first = math.huge
  for _, demand in ipairs(demands) do
    if demand.light > 0 then first = math.min(first, time_of_free(demand, false, last)) end
    if demand.heavy > 0 then first = math.min(first, time_of_free(demand, true, last)) end
  end
  return first - now
end

local look, wait = -1, 0
if total(asking.demands) > 0 then
  if earliest > now then
    look = math.min(earliest - now, LONGEST_LOOK)
  else
    wait = wait_of(asking.demands, now)
    look = wait_of(asking.demands, math.huge)
    local has_light = false
    for _, demand in ipairs(asking.demands) do has_light = has_light or demand.light > 0 end
    if heavy_grants < MAX_HEAVY_GRANTS then
      look = has_light and math.max(look, SHORTEST_LOOK) or look + TIME_TO_GATHER
    end
    look = math.min(look, LONGEST_LOOK)
  end
end

local ended = redis.call('ZCOUNT', SLOTS, '-inf', text(now))
local bounds, all_free = {}, {}
for i, demand in ipairs(asking.demands) do
  local bound = earliest
  all_free[i] = {}
  for j, limit in ipairs(demand.limits) do
    bound = math.max(bound, time_of_most(limit[1] - 1, ended, limit[2], now))
    all_free[i][j] = free(limit)
  end
  bounds[i] = bound - now
end

process.tag = asking.tag
process.top = math.max(request.next + #grants - 1, 0)
process.due = look >= 0 and now + look or 0
process.demands = asking.demands
write_process(own, process)

meta.version = meta.version + 1
meta.time = now
meta.count = size
meta.waiters = redis.call('HLEN', PROCESSES)
write_meta(meta)
if meta.version % 50 == 1 then
  for _, key in ipairs(KEYS) do redis.call('PEXPIRE', key, DAYS_30) end
end
return reply(meta, DONE, { look = look, wait = wait, grants = grants, bounds = bounds, free = all_free })
