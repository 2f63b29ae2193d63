"""Requests and tables as programs that a person can copy. Pure functions from JSON to text.

| module           | writes                                          |
|------------------|-------------------------------------------------|
| `recreation`     | the requests that create a table like another   |
| `cli`            | requests as commands of the AWS CLI             |
| `boto3_code`     | requests as Python                              |
| `javascript`     | requests as JavaScript, with the SDK version 3  |
| `cloudformation` | a table as a template in YAML                   |
| `terraform`      | a table as a resource                           |

The texts contain names and values of users. Each writer quotes them for its language, so a value
can never become code.
"""
