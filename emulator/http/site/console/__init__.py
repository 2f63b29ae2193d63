"""The console: pages for people, under `/_emulator/console/`.

| module         | job                                                                    |
|----------------|------------------------------------------------------------------------|
| `application`  | the ASGI application: routes, headers and errors                       |
| `registry`     | which pages and actions there are                                      |
| `pages/`       | the handlers: one module for each subject                              |
| `visit`        | one request for a page, with all that its handler needs                |
| `lookups`      | what several pages read about a table                                  |
| `rendering`    | templates                                                              |
| `events`       | server-sent events                                                     |
| `static_files` | scripts and style sheets                                               |
| `tenancy`      | the account and region of a page, which are a part of its path         |
| `tokens`       | the token that each form must send                                     |
| `forms`        | fields of forms and query strings; `typed_fields` reads numbers in them |
| `querying`     | the query builder                                                      |
| `attributes`   | attribute values for people, and back                                  |
| `described`    | descriptions of tables as short texts                                  |
| `entities`     | entities and item collections of a single-table design                 |
| `reading`      | items in the text of an import                                         |

What is stored is hostile: names, keys and values may be any text. Templates escape everything, and
the Content-Security-Policy lets no page run an inline script. A page acts with the public API and
with controls, in process. It holds no state in memory, because the next request may go to another
worker.

The first request for a page imports this package and Jinja.
"""
