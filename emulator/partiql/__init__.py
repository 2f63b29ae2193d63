"""PartiQL: statements as another way to write the native operations (behaviour 14).

1. `lexer.tokens` cuts the text into tokens. `parser.parse` turns the tokens into an `ast.Parsed`.
   `parse` is a pure function of the text, and its results are cached.
2. `prepare.prepare_statement` joins the tree with the request's parameters. Literals and parameters
   alike become placeholders of an expression. So conditions and updates pass the same analysis and
   compilation as those of the native operations. Results that depend only on the text and the types
   of the parameters are cached.
3. `plan.bind` applies the prepared statement to a table. The keys in the WHERE (`where`) decide
   what the statement becomes: `select.Read` (GetItem), `select.Pages` (Query or Scan), `plan.Write`
   (PutItem, UpdateItem, DeleteItem) or `plan.Check` (ConditionCheck). The operations run each of
   them in the same way as its native counterpart; `pages.read` runs `Pages`.
"""
