"""The console: pages for people, under `/_emulator/console/`.

| module         | job                                                                    |
|----------------|------------------------------------------------------------------------|
| `application`  | the ASGI application: routes, headers and errors                       |
| `registry`     | lists the pages and actions                                            |
| `pages/`       | the handlers: one module for each subject                              |
| `visit`        | one request for a page, with all that its handler needs                |
| `lookups`      | functions of several pages that look up facts about a table            |
| `rendering`    | templates                                                              |
| `events`       | server-sent events                                                     |
| `static_files` | scripts and style sheets                                               |
| `tenancy`      | the account and region of a page, which are a part of its path         |
| `tokens`       | the token that each form must send                                     |
| `forms`        | fields of forms and query strings; `typed_fields` parses some of them  |
| `querying`     | the query builder                                                      |
| `attributes`   | converts attribute values to ordinary JSON and short texts, and back   |
| `described`    | descriptions of tables as short texts                                  |
| `entities`     | entities and item collections of a single-table design                 |
| `reading`      | parses the items in the text of an import                              |

Stored data may be hostile: names, keys and values can be any text. So templates escape everything,
and the Content-Security-Policy forbids inline scripts. A page calls only operations of the service
and controls, in process. It keeps no state in memory, because another worker may get the next
request.

The first request for a page imports this package and Jinja.
"""
