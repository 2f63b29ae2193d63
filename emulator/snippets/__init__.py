"""Writes requests and tables as code that a user can copy, such as a boto3 program.

| module           | writes                                          |
|------------------|-------------------------------------------------|
| `recreation`     | the requests that create a copy of a table      |
| `cli`            | requests as commands of the AWS CLI             |
| `boto3_code`     | requests as Python                              |
| `javascript`     | requests as JavaScript, with the SDK version 3  |
| `cloudformation` | a table as a template in YAML                   |
| `terraform`      | a table as a resource                           |

All functions are pure: from JSON to text. The text contains names and values from users. Each
module quotes them for its language, so that no value can become code.
"""
