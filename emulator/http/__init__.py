"""The server: HTTP in, and what runs beside requests.

    server, workers       our own server with uvicorn, in one process or several
    application           the whole server as one ASGI application, for any server
    lifespan              the work beside requests; `upkeep` and `memory` are parts of it
    front/                DynamoDB's path, `/`
    site/                 every other path, with Starlette
    listen, descriptors, memory_folder
                          sockets, file descriptors, and the folder that workers share in memory

In front/, `connection` takes requests from our sockets and `asgi` from other servers. Both give
those for `/` to the endpoint, and all others to the site.
"""
