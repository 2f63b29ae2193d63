"""Expressions: from the texts of a request to programs that run on items.

1. `bind.bind` takes a request's texts, names and values. It is the entrance, and caches programs by
   the form of the request.
2. `parser` turns a text into an `ast` tree (`lexer` cuts it, `rules` lets it nest without Python's
   stack). It looks at no name or value.
3. `analyze` replaces aliases by names and checks the tree; it reports the first problem in the
   service's order. All texts are in `problems`.
4. `compile` makes a `program.Condition`, `update` a `program.Update`.
5. `key_condition` makes a `program.KeyCondition`, which `key_range` resolves against a key schema.
6. `legacy` turns the parameters of old requests (Expected, AttributeUpdates, ...) into the same trees.
"""
