"""Reading and writing items: key ranges, pages, requested writes and what follows them."""
