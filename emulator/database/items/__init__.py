"""Reading and writing items: key ranges, pages, writes with their index entries, statistics, item collections."""
