"""The console: pages for people, under `/_emulator/console/`.

| module         | job                                                                    |
|----------------|------------------------------------------------------------------------|
| `tenancy`      | the account and region of a page, which are a part of its path         |
| `forms`        | reads the fields of forms and of query strings                         |
| `tokens`       | the token that each form must send                                     |
| `static_files` | scripts and style sheets                                               |
| `rendering`    | templates; `template_cache` keeps them compiled                        |
| `visit`        | one request for a page, with all that its handler needs                |
| `events`       | server-sent events                                                     |
| `registry`     | which pages and actions there are                                      |
| `pages/`       | the handlers: one module for each subject                              |
| `application`  | the ASGI application: routes, headers and errors                       |

What is stored is hostile: names, keys and values may be any text. Templates escape everything, and
the Content-Security-Policy lets no page run an inline script. A page acts with the public API and
with controls, in process. It holds no state in memory, because the next request may go to another
worker.

The first request for a page imports this package and Jinja.
"""
