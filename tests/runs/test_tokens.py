import io
import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from runs import tokens
from runs.models import LoginLink, Run, Token
from tests.factories import person

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(("scope", "letter"), [("viewer", "v"), ("agent", "a"), ("operator", "o"), ("admin", "d")])
def test_a_token_says_its_scope_and_nothing_else(ada: User, scope: str, letter: str) -> None:
    text = tokens.make(ada, "name", scope=scope)
    assert re.fullmatch(rf"abr_{letter}_[A-Za-z0-9_-]{{43}}", text)
    assert tokens.FORM.fullmatch(text)


def test_only_the_digest_of_a_token_is_stored(ada: User) -> None:
    text = tokens.make(ada, "name", scope="viewer")
    row = Token.objects.values().get()
    assert row["digest"] == tokens.digest(text)
    assert text.rpartition("_")[2] not in str(row)


def test_no_two_tokens_are_alike(ada: User) -> None:
    assert len({tokens.make(ada, "name", scope="viewer") for _ in range(100)}) == 100


def test_the_first_superuser_is_the_owner(ada: User) -> None:
    person("zoe", staff=True)
    assert tokens.owner() == ada


def test_an_owner_without_a_password_is_made_when_there_is_none(eve: User) -> None:
    owner = tokens.owner()
    assert (owner.username, owner.is_superuser, owner.has_usable_password()) == ("owner", True, False)
    assert tokens.owner() == owner


def test_a_login_link_signs_in_once(ada: User) -> None:
    secret = tokens.make_login_link(ada, NOW)
    assert len(secret) == 43
    assert tokens.redeem(secret, NOW) == ada
    assert tokens.redeem(secret, NOW) is None


def test_a_login_link_lives_for_ten_minutes(ada: User) -> None:
    secret = tokens.make_login_link(ada, NOW)
    assert tokens.redeem(secret, NOW + timedelta(minutes=10)) is None
    assert tokens.redeem(secret, NOW + timedelta(minutes=10, seconds=-1)) == ada


def test_a_login_link_of_nobody_signs_nobody_in(ada: User) -> None:
    tokens.make_login_link(ada, NOW)
    assert tokens.redeem("", NOW) is None
    assert tokens.redeem("x" * 43, NOW) is None


def test_a_user_who_is_switched_off_cannot_sign_in(ada: User) -> None:
    secret = tokens.make_login_link(ada, NOW)
    User.objects.update(is_active=False)
    assert tokens.redeem(secret, NOW) is None


def test_only_the_digest_of_a_login_link_is_stored(ada: User) -> None:
    secret = tokens.make_login_link(ada, NOW)
    assert secret not in str(LoginLink.objects.values().get())


@pytest.mark.django_db(transaction=True)
def test_of_many_who_redeem_a_link_at_once_one_wins() -> None:
    secrets = [tokens.make_login_link(person("ada"), NOW) for _ in range(10)]
    winners: list[str] = []
    barrier = threading.Barrier(2)

    def redeem_all() -> None:
        for secret in secrets:
            barrier.wait(30)
            if tokens.redeem(secret, NOW):
                winners.append(secret)
        connection.close()

    threads = [threading.Thread(target=redeem_all) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(winners) == sorted(secrets)


def printed(*args: str) -> str:
    out = io.StringIO()
    call_command(*args, stdout=out)
    return out.getvalue()


def test_create_token_prints_the_token_alone(ada: User) -> None:
    text = printed("create_token", "ci", "--scope", "operator", "--commands", "--days", "30")
    assert text == text.strip() + "\n"
    token = Token.objects.get(digest=tokens.digest(text.strip()))
    assert (token.owner, token.name, token.scope, token.commands, token.run) == (ada, "ci", "operator", True, None)
    assert token.expires_at is not None
    assert timedelta(days=29) < token.expires_at - timezone.now() < timedelta(days=30)


def test_create_token_narrows_a_token_to_a_run(ada: User) -> None:
    run = Run.objects.create(owner=ada, content="a run")
    text = printed("create_token", "one", "--scope", "agent", "--run", str(run.pk))
    token = Token.objects.get(digest=tokens.digest(text.strip()))
    assert (token.run, token.expires_at, token.commands) == (run, None, False)


@pytest.mark.parametrize(
    "wrong",
    [
        ["--scope", "root"],
        [],
        ["--scope", "viewer", "--run", "7"],
        ["--scope", "viewer", "--days", "0"],
        ["--scope", "viewer", "--days", "99999999"],
    ],
)
def test_create_token_makes_nothing_of_wrong_arguments(ada: User, wrong: list[str]) -> None:
    with pytest.raises(CommandError):
        printed("create_token", "name", *wrong)
    assert not Token.objects.exists()


def test_what_a_start_printed_and_nobody_used_is_revoked_after_a_day(ada: User, eve: User) -> None:
    used, unused, other = (tokens.make(ada, name, scope="operator") for name in ("make run", "make run", "laptop"))
    hers = tokens.make(eve, "make run", scope="operator")
    now = timezone.now()
    Token.objects.filter(digest=tokens.digest(used)).update(last_used_at=now)
    assert tokens.revoke_unused(ada, "make run", now) == 0
    later = now + timedelta(days=1, seconds=1)
    assert tokens.revoke_unused(ada, "make run", later) == 1
    left = set(Token.objects.filter(revoked_at=None).values_list("digest", flat=True))
    assert left == {tokens.digest(text) for text in (used, other, hers)}
    assert tokens.digest(unused) not in left
