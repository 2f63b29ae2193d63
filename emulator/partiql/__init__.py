"""PartiQL: statements as another way to write the native operations (behaviour 14).

1. `lexer.tokens` cuts the text, `parser.parse` makes it an `ast.Parsed`: a pure function of the text, cached.
2. `prepare.prepare` joins it with the request's parameters: literals and parameters alike are the placeholders of an
   expression, so that conditions and updates pass the same analysis and compilation as those of the native operations.
   What depends on the text and the types of the parameters alone is cached.
3. `plan.bind` joins it with a table. What the WHERE says about its keys (`where`) decides: `select.Read` (GetItem),
   `select.Pages` (Query or Scan), `plan.Write` (PutItem, UpdateItem, DeleteItem) or `plan.Check` (ConditionCheck), which
   the operations run on the paths of their native counterparts; `pages.read` is that of `Pages`.
"""
