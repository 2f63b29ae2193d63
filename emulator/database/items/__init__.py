"""Reading and writing items: key ranges, pages, requested writes, and the records that follow."""
