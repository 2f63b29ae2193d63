"""Sockets and processes around the emulator; the only asynchronous part.

1. `server` serves, with `workers` in several processes. `connection` speaks HTTP/1.1 itself; `asgi`
   is the same for other servers.
2. `protocol` has DynamoDB's protocol without I/O: the parts of a request in, an answer out. `auth`
   and `encoding` are its pieces.
3. `commits` holds answers until their writes are committed, `turns` those made in slices, `outbox`
   sends what one turn of the event loop has answered.
4. `admin` has the controls under `/_emulator/`, `lambda_api` Lambda's API, `origins` says which web
   pages may call them.
5. `upkeep` syncs the store and gives back memory, `rounds` repeats background work.
6. `invoker` calls functions, `kinesis` sends records to a Kinesis endpoint.
"""
