"""PartiQL: statements as another way to write the native operations (behaviour 14).

1. `lexer.tokens` cuts the text into tokens. `parser.parse` turns the tokens into an `ast.Parsed`.
   The rules of its grammar are in four files: `parser` has statements, `terms` conditions and
   paths, `value_terms` values, and `token_stream` reads tokens. The result of `parse` depends only
   on the text, and is cached.
2. `prepare.prepare_statement` adds the request's parameters. Both literals and parameters become
   placeholders of an expression. So the conditions and updates of a statement are analysed and
   compiled like those of native operations. Results that depend only on the text and the types of
   the parameters are cached.
3. `plan.bind` applies the prepared statement to a table. The keys in the WHERE (`where`) decide
   which plan the statement gets: `select.Read` (GetItem), `select.Pages` (Query or Scan),
   `plan.Write` (PutItem, UpdateItem, DeleteItem) or `plan.Check` (ConditionCheck). The operations
   run each plan like its native counterpart. `pages.read` runs `Pages`.
"""
