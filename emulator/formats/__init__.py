"""Reads and writes file formats for tables and items.

The package works with files, never with a server. Its users are the commands `load` and `dump`, and
the operations that export and import tables (emulator/s3_jobs). A reader is a generator of records
(`records.py`), each with its place (file and line). For a wrong record, the reader yields a
`Problem` and continues with the next record. The service's own import is different: it leaves out
the rest of a file after the first line that cannot be parsed (control-plane 5.4).

    inputs(paths) ──▶ Input (what a file is) ──records()──▶ Definition, ItemRecord, Problem, Notice

| file              | format                                                                      |
|-------------------|-----------------------------------------------------------------------------|
| `detection`       | finds the format of a file or folder, by its name and content               |
| `input`           | a file or export, from which records are read                               |
| `documents`       | the kinds of document. A document is a file that is read as a whole         |
| `files`           | plain, gzip and Zstandard files, standard input                             |
| `json_text`       | a sequence of JSON values with their lines, in little memory                |
| `items`           | JSON items: with types or ordinary, in wrappers such as `{"Item": ...}`     |
| `ion`             | Amazon Ion, text and binary (the extra `ion`)                               |
| `csv_rows`        | CSV, by the rules of the service's import (control-plane 5.4)               |
| `export_folders`  | the folders that the service's export writes (control-plane 4.3)            |
| `described`       | definitions: output of DescribeTable, input of CreateTable                  |
| `cloudformation`  | CloudFormation, SAM and CDK templates; `intrinsics` has their functions     |
| `terraform`       | `terraform show -json` of a plan or a state                                 |
| `serverless`      | Serverless Framework files with their variables                             |
| `workbench`       | models of NoSQL Workbench with their sample data                            |
| `yaml_text`       | YAML with the short forms of intrinsic functions (the extra `yaml`)         |
| `bounds`          | limits on the memory and work that reading a file takes                     |
"""
