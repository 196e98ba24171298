"""Run one SQL statement for the scripts beside this folder; rows come as JSON."""

import json
import sys

import psycopg2


def main(database, statement, *params):
    """Print the rows; exit 2 when the server or the database is not there."""
    try:
        connection = psycopg2.connect(dbname=database, connect_timeout=10)
    except psycopg2.OperationalError as error:
        print(str(error).strip())
        return 2
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(statement, params or None)
        rows = cursor.fetchall() if cursor.description else []
    print(json.dumps(rows, default=str))
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
