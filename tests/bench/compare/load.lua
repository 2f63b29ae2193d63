-- The request generator that wrk runs, driven by template files.
--
--   wrk ... -s load.lua URL -- ORDER KEYSPACE STRIDE SEED WEIGHT:TEMPLATE ...
--
-- TEMPLATE   a file with one complete HTTP/1.1 request. In each request, every 8-character token
--            "@@@@@@nn" (nn = two digits) is replaced with the 8-digit number base + nn, and
--            "@@@@@@##" with a different number in each request. So the length of the request and its
--            Content-Length never change.
-- WEIGHT     how often this template is sent, in proportion to the others
-- ORDER      "random": base = a random multiple of STRIDE below KEYSPACE
--            "seq":    base goes 0, STRIDE, 2*STRIDE, ... modulo KEYSPACE
--
-- done() prints one line "RESULT {json}".

local format, random, concat = string.format, math.random, table.concat
local templates, weights, total = {}, {}, 0
local sequential, blocks, stride, counter, serial
local out = {}

-- A template is a list of texts and, between them, the offsets of its tokens ("##" stays as it is).
local function parse(text)
  local pieces, tokens, position = {}, {}, 1
  while true do
    local from, to, number = string.find(text, "@@@@@@([%d#][%d#])", position)
    if not from then break end
    pieces[#pieces + 1] = string.sub(text, position, from - 1)
    tokens[#tokens + 1] = tonumber(number) or number
    position = to + 1
  end
  pieces[#pieces + 1] = string.sub(text, position)
  return { pieces = pieces, tokens = tokens, count = #tokens }
end

function init(args)
  sequential = args[1] == "seq"
  stride = tonumber(args[3])
  blocks = math.max(1, math.floor(tonumber(args[2]) / stride))
  math.randomseed(tonumber(args[4]))
  counter = random(0, blocks - 1)
  serial = random(0, 99999999)
  for i = 5, #args do
    local weight, path = string.match(args[i], "^(%d+):(.*)$")
    local file = assert(io.open(path, "rb"))
    templates[#templates + 1] = parse(file:read("*a"))
    file:close()
    total = total + tonumber(weight)
    weights[#weights + 1] = total
  end
end

local function chosen()
  if #templates == 1 then return templates[1] end
  local drawn, i = random(1, total), 1
  while drawn > weights[i] do i = i + 1 end
  return templates[i]
end

function request()
  local base
  if sequential then
    counter = (counter + 1) % blocks
    base = counter * stride
  else
    base = random(0, blocks - 1) * stride
  end
  serial = (serial + 1) % 100000000
  local template = chosen()
  local pieces, tokens, count = template.pieces, template.tokens, template.count
  local j = 0
  for i = 1, count do
    local offset = tokens[i]
    out[j + 1] = pieces[i]
    out[j + 2] = format("%08d", offset == "##" and serial or base + offset)
    j = j + 2
  end
  out[j + 1] = pieces[count + 1]
  return concat(out, "", 1, j + 1)
end

function done(summary, latency, requests)
  local errors = summary.errors
  print(format(
    'RESULT {"requests": %d, "seconds": %.6f, "bytes": %d, "non2xx": %d, ' ..
    '"connect_errors": %d, "read_errors": %d, "write_errors": %d, "timeouts": %d, ' ..
    '"mean_ms": %.4f, "p50_ms": %.4f, "p90_ms": %.4f, "p99_ms": %.4f, "max_ms": %.4f}',
    summary.requests, summary.duration / 1e6, summary.bytes, errors.status,
    errors.connect, errors.read, errors.write, errors.timeout,
    latency.mean / 1e3, latency:percentile(50) / 1e3, latency:percentile(90) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3))
end
