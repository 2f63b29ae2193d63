"""What the pytest plugin adds to a test, without the requests of the test itself.

Target: 2 ms. On two busy cores, an account with a copied client takes 1.0 ms, of which the copy
takes 0.4 ms. With a client that boto3 creates, it takes 2.7 ms. `make test` runs each benchmark
once.
"""

import pytest

from dynamodb_emulator._accounts import Accounts


@pytest.fixture(scope="module")
def accounts(tmp_path_factory):
    accounts = Accounts([], str(tmp_path_factory.getbasetemp()))
    accounts.server.client().list_tables()
    yield accounts
    accounts.close()


@pytest.mark.benchmark(group="fixture: one test")
@pytest.mark.parametrize("isolation", ["fresh", "shared"])
def test_an_account_and_a_client(accounts, isolation, benchmark):
    def one_test():
        with getattr(accounts, isolation)() as account:
            return account.client()

    assert benchmark(one_test).meta.endpoint_url == accounts.server.url


@pytest.mark.benchmark(group="fixture: one test")
def test_an_account_and_a_client_of_boto3s_own(accounts, benchmark):
    def one_test():
        with accounts.fresh() as account:
            return account.client(verify=False)

    assert benchmark(one_test).meta.endpoint_url == accounts.server.url
