/*
 * The rules of the brake: one script, so that two workers that see different things agree on what follows. A worker
 * reports what it has seen since its last report and is told the state and how many events it may have in flight. The
 * table of the states and what leads from one to another is in ARCHITECTURE.md, "The brake".
 *
 * An attempt belongs to the epoch in which it began. Each change of state, and each halving, begins a new one, and what
 * comes in later from an old epoch no longer counts: a hundred requests that hung before an outage was noticed must not
 * brake a channel that has recovered since.
 *
 * KEYS  brake (hash), workers (sorted set: who reported when)
 * ARGV  the report (`Report`), the tuning (`Tuning`), both JSON
 * Answers with `Answer`, JSON. Times are Redis's, Unix ms.
 */

/** Redis's own clock, which is the same for all. Tests put theirs in its place. */
export const REDIS_CLOCK = `
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
`;

export const BRAKE_RULES = `
local FORGET_MS = 10000       -- attempts fade from the rolling window
local MOST, LEAST = 100, 20   -- it holds the last so many; with fewer nothing is concluded
local BURST_MS = 30000        -- refusals within this time belong together
local STEADY_MS = 30000       -- recovering for so long without a halving: flowing
local UNCLAIMED_MS = 60000    -- a probe due for so long had no event to be made with: the brake is over
local SEEN_MS = 3000          -- a worker silent for so long has no share
local TAKE_MS = 2000          -- a probe has to be posted within this time
local RATE_RISES_MS = 120000  -- from nothing to the configured rate
local KEPT_POINTS = 128

local report, tuning = cjson.decode(ARGV[1]), cjson.decode(ARGV[2])
local s = {
  state = 'flowing', since = 0, epoch = 0, ok = 0, failed = 0, countedAt = now, roundDone = 0, roundFailed = 0,
  window = 0, threshold = 0, steadyAt = 0, cooldownMs = 0, probeAt = 0, prober = '', proberUntil = 0, untilMs = 0,
  status = 0, refusals = 0, refusedStatus = 0, refusedAt = 0, heldEpoch = -1, rate = 1, rateAt = 0, pause = '',
  stoppedAt = 0, stops = 0, history = '[]',
}
local before = {}
local stored = redis.call('HGETALL', KEYS[1])
for index = 1, #stored, 2 do
  s[stored[index]] = tonumber(stored[index + 1]) or stored[index + 1]
  before[stored[index]] = s[stored[index]]
end
local cameFrom = s.state
local isCurrent = report.epoch == s.epoch

-- Who is there, and how much all together may do
local member, place, capacity = '', 1, 0
if report.worker then
  member = report.worker .. '|' .. report.concurrency
  redis.call('ZADD', KEYS[2], now, member)
  redis.call('PEXPIRE', KEYS[2], SEEN_MS * 2)
end
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - SEEN_MS)
local workers = redis.call('ZRANGE', KEYS[2], 0, -1)
table.sort(workers)
for index, name in ipairs(workers) do
  capacity = capacity + tonumber(string.match(name, '|(%d+)$'))
  if name == member then place = index end
end

local function enter(state)
  if s.state ~= state then
    if s.state == 'held' then s.heldEpoch = s.epoch end
    s.state, s.since = state, now
  end
  s.epoch = s.epoch + 1
  s.ok, s.failed, s.roundDone, s.roundFailed = 0, 0, 0, 0
end

local function flow()
  s.cooldownMs = 0
  enter('flowing')
end

local function recover(window)
  s.window, s.steadyAt, s.prober, s.refusals = window, now, '', 0
  enter('recovering')
end

-- Where slow start is to end: half of what was too much
local function remember()
  if s.state == 'flowing' then s.threshold = math.max(1, capacity / 2) end
  if s.state == 'recovering' then s.threshold = math.max(1, s.window / 2) end
end

-- Braked or held, with the next probe after a cooldown that doubles until the channel flows again
local function stop(state, leastMs)
  remember()
  s.cooldownMs = math.min(s.cooldownMs == 0 and tuning.cooldownMs or s.cooldownMs * 2, tuning.maxCooldownMs)
  s.probeAt = math.floor(now + math.max(s.cooldownMs * (1 - report.random / 4), leastMs))
  s.prober = ''
  enter(state)
end

local function isProbed() return s.state == 'braked' or s.state == 'held' end
local function isProber() return s.prober == report.worker and now < s.proberUntil end

-- What the time has brought
if s.state == 'waiting' and now >= s.untilMs then
  recover(1)
elseif s.state == 'recovering' and now >= s.steadyAt + STEADY_MS then
  flow()
elseif s.state == 'braked' and now >= math.max(s.probeAt, s.proberUntil) + UNCLAIMED_MS then
  recover(1)
end

-- What a person, or a new configuration, wants
local isDone = true
if report.action == 'pause' then
  isDone = s.pause == ''
  if isDone then s.pause = cjson.encode({ who = report.who, reason = report.reason, atMs = now }) end
elseif report.action == 'resume' then
  isDone = s.pause ~= ''
  s.pause = ''
elseif report.action == 'release' then
  isDone = isProbed() or s.state == 'waiting'
  if isDone then
    s.cooldownMs = 0
    recover(1)
  end
elseif report.action == 'probe' and isProbed() then
  s.cooldownMs, s.probeAt, s.prober = 0, now, ''
end

-- What attempts have shown: successes, failures
local function count(ok, failed)
  if ok > 0 then s.refusals = 0 end
  local kept = math.exp((s.countedAt - now) / FORGET_MS)
  local total = (s.ok + s.failed) * kept
  if total > 0 and total + ok + failed > MOST then kept = kept * math.max(0, MOST - ok - failed) / total end
  s.ok, s.failed, s.countedAt = s.ok * kept + ok, s.failed * kept + failed, now
  if s.ok + s.failed >= LEAST and s.failed >= s.ok then return stop('braked', 0) end
  if s.state ~= 'recovering' then return end
  s.roundDone, s.roundFailed = s.roundDone + ok + failed, s.roundFailed + failed
  -- Half of them may fail for reasons of their own, as when the channel flows: else it would never flow again
  if s.roundFailed * 2 > s.window then
    if s.window < 2 then return stop('braked', 0) end
    remember()
    s.window, s.steadyAt = s.window / 2, now
    return enter('recovering')
  end
  if s.roundDone >= s.window then s.roundDone, s.roundFailed = 0, 0 end
  s.window = math.max(math.min(s.window + ok, s.threshold), s.window + ok / s.window)
  if s.window >= capacity then flow() end
end

local isOurs = isProbed() and report.probe and isProber()
if isOurs then
  if report.probe == 'ok' or (report.probe == 'refused' and s.state == 'braked') then
    recover(2)
  elseif report.probe == 'none' then
    s.prober, s.probeAt = '', now + 1000
  else
    stop(s.state, report.waitMs or 0)
  end
elseif isCurrent and (s.state == 'recovering' or (s.state == 'flowing' and not report.waitMs)) then
  -- Where Re:amaze says itself how long to wait, nothing has to be concluded
  if report.ok + report.failed > 0 then count(report.ok, report.failed) end
end

-- Was asked to wait
if report.waitMs and not isOurs then
  if isCurrent and (s.state == 'flowing' or s.state == 'recovering') then
    remember()
    s.untilMs = now + report.waitMs
    enter('waiting')
  elseif s.state == 'waiting' then
    s.untilMs = math.max(s.untilMs, now + report.waitMs)
  elseif isCurrent and isProbed() then
    s.probeAt = math.max(s.probeAt, now + report.waitMs)
  end
end
local rate = math.min(1, s.rate + (now - s.rateAt) / RATE_RISES_MS)
if report.isLimited and now >= s.rateAt + 1000 then
  rate = rate / 2
  s.rate, s.rateAt = rate, now
end

-- Was refused: is it the event's fault, or the channel's?
local isLetter = true
if report.refused then
  if s.state == 'held' or report.refusedEpoch <= s.heldEpoch then
    isLetter = false
  else
    if s.refusedStatus ~= report.refused or now > s.refusedAt + BURST_MS then
      s.refusedStatus, s.refusedAt, s.refusals = report.refused, now, 0
    end
    s.refusals = s.refusals + 1
    if s.refusals >= tuning.holdThreshold then
      s.status = report.refused
      stop('held', 0)
    end
  end
end

-- Wants to probe: to take an event for it, or to post the one it has taken
if report.wantsProbe and isProbed() and s.pause == '' and now >= s.probeAt then
  if s.prober == '' or now >= s.proberUntil or s.prober == report.worker then
    local untilMs = now + (report.wantsProbe == 'post' and tuning.probeMs or TAKE_MS)
    s.proberUntil = s.prober == report.worker and math.max(s.proberUntil, untilMs) or untilMs
    s.prober = report.worker
  end
end

-- Time in which nothing could be delivered makes no event older: a line of points (when, stopped ms until then), of
-- which old ones are thinned out
local isStopped = s.pause ~= '' or s.state == 'waiting' or isProbed()
if isStopped and s.stoppedAt == 0 then
  s.stoppedAt = now
elseif not isStopped and s.stoppedAt > 0 then
  local points = cjson.decode(s.history)
  local total = #points == 0 and 0 or points[#points][2]
  table.insert(points, { s.stoppedAt, total })
  table.insert(points, { now, total + now - s.stoppedAt })
  if #points > KEPT_POINTS then
    for index = KEPT_POINTS / 2, 2, -2 do table.remove(points, index) end
  end
  s.history, s.stoppedAt, s.stops = cjson.encode(points), 0, s.stops + 1
end

local share = 0
if s.pause == '' then
  if s.state == 'flowing' then
    share = report.concurrency or 0
  elseif s.state == 'recovering' then
    local window = math.floor(s.window)
    share = math.floor(window / math.max(1, #workers)) + (place <= window % math.max(1, #workers) and 1 or 0)
    share = math.min(share, report.concurrency or 0)
  elseif isProbed() and report.worker and isProber() then
    share = 1
  end
end

local changes = {}  -- none are kept of a mere look
for field, value in pairs(s) do
  if before[field] ~= value then
    table.insert(changes, field)
    table.insert(changes, value)
  end
end
if #changes > 0 and not report.isLook then redis.call('HSET', KEYS[1], unpack(changes)) end

return cjson.encode({
  nowMs = now, cameFrom = cameFrom, state = s.state, sinceMs = s.since, epoch = s.epoch, limit = share,
  isProber = isProbed() and report.worker ~= nil and isProber(), probeAtMs = s.probeAt, untilMs = s.untilMs,
  window = math.floor(s.window), status = s.status, pause = s.pause, rate = rate, isLetter = isLetter, isDone = isDone,
  stoppedAtMs = s.stoppedAt, stops = s.stops, history = s.stops ~= report.stops and s.history or nil,
})
`;
