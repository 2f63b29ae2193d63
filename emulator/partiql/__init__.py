"""PartiQL: statements, turned into the reads and writes of native operations (behaviour 14).

1. `lexer.tokens` cuts the text into tokens. `parser.parse` turns the tokens into an `ast.Parsed`.
   The rules of the grammar are in three files: `parser` has statements, `terms` has conditions and
   paths, `value_terms` has values. All of them read tokens from a `token_stream`. The result of
   `parse` depends only on the text, and is cached.
2. `prepare.prepare_statement` adds the request's parameters. Literals and parameters become
   placeholders of an expression. So the conditions and updates of a statement are analysed and
   compiled like those of native operations. This result depends only on the text and on the types
   of the parameters, and is cached too.
3. `plan.bind` makes a plan from the prepared statement and its table. The keys in the WHERE
   (`where`) decide which plan this is: `select.Read` (as GetItem), `select.Pages` (as Query or
   Scan), or one of the requested writes in database/items/requested.py: `Put`, `Update`, `Delete`
   or `Check`. The operations run a plan like the native operation. `pages.read` runs `Pages`.
"""
