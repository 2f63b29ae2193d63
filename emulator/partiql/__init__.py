"""PartiQL: statements as another way to write the native operations (behaviour 14).

1. `lexer.tokens` cuts the text into tokens. `parser.parse` turns the tokens into an `ast.Parsed`.
   `parse` is a pure function of the text, and its results are cached.
2. `prepare.prepare_statement` joins the tree with the request's parameters. Both literals
   and parameters become placeholders of an expression. Therefore the conditions and updates of a
   statement pass the same analysis and compilation as those expressions of native operations.
   Results that depend only on the text and the types of the parameters are cached.
3. `plan.bind` applies the prepared statement to a table. The keys in the WHERE (`where`) decide
   what the statement becomes: `select.Read` (GetItem), `select.Pages` (Query or Scan), `plan.Write`
   (PutItem, UpdateItem, DeleteItem) or `plan.Check` (ConditionCheck). The operations run each
   plan in the same way as its native counterpart. `pages.read` runs `Pages`.
"""
