"""Expressions: from the texts of a request to programs that run on items.

1. `bind.bind` is the entrance. It takes the expressions, names and values of a request, and returns
   programs. It caches the programs by the form of the request.
2. `parser` turns a text into an `ast` tree and into notes about the text (`parsed`). It does not
   use names and values. `lexer` cuts the text into tokens. With `rules`, the methods of the parser
   call each other without Python's stack, so that texts can nest deeply.
3. `analyze` replaces aliases by names and checks the tree. It reports the first problem in the
   service's order. All error texts are in `problems`.
4. `compile` turns a tree into a `program.Condition` or `program.Projection`. `update` turns a tree
   into a `program.UpdateProgram`.
5. `key_condition` makes a `program.KeyCondition`. `key_range` applies it to a key schema.
6. `legacy` turns the legacy parameters (Expected, AttributeUpdates, ...) into the same trees and
   programs.
"""
