"""The server: it answers HTTP requests, and does background work.

    server, workers       our own server, in one process or several
    application           the whole server as one ASGI application, for any ASGI server
    lifespan              the background work; `upkeep` and `memory` are parts of it
    front/                DynamoDB's path, `/`
    site/                 every other path, with Starlette
    listen, descriptors, memory_folder
                          sockets; the limit of file descriptors; the folder in memory that
                          workers share
    announcement, parent  the start-up block and --ready-file; --exit-with-parent
    initial               loads the data that --init names
    control_calls, peers  runs controls in this process, and in the other workers
    observing/            reports about answered requests: log lines, recordings, counters

In front/, `connection` takes requests from our sockets and `asgi` from other servers. Both pass
requests for `/` to the endpoint, and all other requests to the site.
"""
