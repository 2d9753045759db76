-- For wrk: sends the tokens of a file in turn, and says at the end how it went.
-- Arguments: the file, with one header value a line; the name of the header; how many requests came before.

local requests = {}
local sent

function init(arguments)
  for value in io.lines(arguments[1]) do
    requests[#requests + 1] = wrk.format("GET", "/", { ["Host"] = wrk.headers["Host"], [arguments[2]] = value })
  end
  sent = tonumber(arguments[3])
end

function request()
  sent = sent + 1
  return requests[sent % #requests + 1]
end

function done(summary)
  local errors = summary.errors
  print("requests", summary.requests)
  print("microseconds", summary.duration)
  print("bytes", summary.bytes)
  print("failed-connections", errors.connect)
  print("failed-reads", errors.read)
  print("failed-writes", errors.write)
  print("timeouts", errors.timeout)
  print("bad-statuses", errors.status)
end
