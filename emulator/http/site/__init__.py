"""All paths except DynamoDB's `/`, as a Starlette application (`app`).

    /_emulator/console/  the pages for people (`console`)
    /_emulator/          the controls (`controls`)
    /_localstack/        the health check of LocalStack (`localstack`)
    /2015-03-31/         Lambda's API (`lambda_api`)
    other paths          requests for other services, and 404 (`other_paths`)

The first four groups of paths need no authentication, so `page_guard` decides which web pages may
call them. The first request for any path except `/` imports Starlette.
"""
