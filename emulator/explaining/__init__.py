"""Explains PartiQL statements: what a statement would read or write, at what cost, and why.

Nothing here runs a statement, charges a table or changes anything.

1. `partiql/` parses the statement and makes its plan, as it does for ExecuteStatement.
2. `accesses.access_of` describes the plan as a native operation: for example a Query on an index,
   with its key conditions and filters. It needs only the statement and the table's definition.
3. `costs` estimates the capacity units from the sizes of stored items. The caller supplies these
   sizes as `Sizes`.
4. `reasons` says in sentences why the statement gets this plan, and which index would cost less.
5. `explanation.explain` puts the parts together.

`texts` prints conditions. `stored_sizes` reads the `Sizes` of a table.
"""
