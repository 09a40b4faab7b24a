"""Scripts that run inside Redis, so that counting, appending and detecting a loss are one step.

A stream's entry IDs are `<birth>-<number>`: the number counts updates (not entries) without gaps, and the birth is when
the count began (µs). A stream is reborn whenever its contents may be incomplete: it is gone (FLUSHALL, eviction,
expiry); Redis was restarted or failed over since the last entry (an older snapshot would look the same, so entries
carry the server's run ID); or a writer had to drop updates. A cursor is valid as long as its birth is.

Every stream that is written to is also named on the bell, a short stream that readers block on: one key, however many
streams they follow.

A stream exists as long as it is followed, and for a while longer: surveys make it and keep it alive, writing does not.
What nobody follows is therefore not written (see `writer`).
"""

_TAIL = """
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%w+)') or 'unknown'

-- Where a stream stands, and whether it has just been born (then it still has to be written).
local function tail(key, incomplete)
  local last = redis.call('XREVRANGE', key, '+', '-', 'COUNT', 1)[1]
  local earliest = 0
  if last then
    local birth, number = string.match(last[1], '(%d+)-(%d+)')
    if last[2][2] == run and not incomplete then
      return birth, tonumber(number), false
    end
    earliest = tonumber(birth) + 1
  end
  local time = redis.call('TIME')
  return string.format('%.0f', math.max(earliest, time[1] * 1000000 + time[2])), 0, true
end

local function id(birth, number)
  return birth .. '-' .. string.format('%.0f', number)
end
"""

APPEND = (
    _TAIL
    + """
-- KEYS: the bell, then a stream for each entry. ARGV: updates to keep in a stream, its life in ms, the bell's length;
-- then for each entry its text, how many updates are in it, and '1' where others before them are lost.
local kept, life = tonumber(ARGV[1]), ARGV[2]
for i = 2, #KEYS do
  local key, text, count, lost = KEYS[i], ARGV[3 * i - 2], tonumber(ARGV[3 * i - 1]), ARGV[3 * i] == '1'
  local birth, number = tail(key, lost)
  number = number + count
  -- By id and not by length, because entries hold different numbers of updates.
  local oldest = id(birth, math.max(0, number - kept))
  local missing = redis.call('EXISTS', key) == 0
  redis.call('XADD', key, 'MINID', '~', oldest, id(birth, number), 'run', run, 'updates', text)
  if missing then
    redis.call('PEXPIRE', key, life)
  end
end
redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[3], '*', 'streams', table.concat(KEYS, '\\n', 2))
redis.call('PEXPIRE', KEYS[1], life)
"""
)

SURVEY = (
    _TAIL
    + """
-- KEYS: the bell, then streams. ARGV: a stream's life in ms. Returns the last id of each; keeps those streams alive.
local bell = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local tails = {bell and bell[1] or '0-0'}
for i = 2, #KEYS do
  local birth, number, born = tail(KEYS[i], false)
  if born then
    redis.call('XADD', KEYS[i], id(birth, 0), 'run', run, 'updates', '[]')
  end
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  tails[i] = id(birth, number)
end
return tails
"""
)

FOLLOWED = """
-- KEYS: streams. Returns how long each will still exist, in ms; less than 0 if it does not.
local left = {}
for i = 1, #KEYS do
  left[i] = redis.call('PTTL', KEYS[i])
end
return left
"""
