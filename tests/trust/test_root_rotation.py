"""Every key that speaks by the root is rotated in steps; killed at any, nobody is locked out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from publishing import TODAY
from tuf_channel import YEAR, new_key

from ci_tools.adapters.keystore import KeyFiles
from ci_tools.adapters.signers.local_key import LocalKey
from ci_tools.adapters.sources.stored import StoredSource
from ci_tools.adapters.stores.memory import MemoryStore
from ci_tools.core import layout
from ci_tools.core.keyset import DRAFT, KeyName, PublicName
from ci_tools.core.package import Subdir
from ci_tools.core.receipt import Cause
from ci_tools.core.root_change import RootChange, drafted, standing
from ci_tools.core.signing import fingerprint
from ci_tools.errors import NotFoundError, TrustError
from ci_tools.flows.countersign import countersign
from ci_tools.flows.enact import RootOffice, enact
from ci_tools.flows.follow import follow
from ci_tools.flows.index import index
from ci_tools.flows.keys import keys
from ci_tools.flows.rotate import rotate
from ci_tools.flows.sign_anew import sign_anew
from ci_tools.flows.transaction import Notary, Setting

if TYPE_CHECKING:
    from collections.abc import Callable

    from ci_tools.core.root_change import RootReport

CHANNEL = "https://conda.acme.example/acme"
WRITES = ("put", "delete", "publish", "replace", "remove", "create_at")


class KilledError(Exception):
    """The process is gone."""


@dataclass(slots=True)
class Mortal:
    """Something whose process dies before (or after) its writes number `at`, of all things that share `lives`."""

    inner: Any
    lives: list[int]
    after: bool = False

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if name not in WRITES:
            return method

        def write(*args: Any, **named: Any) -> Any:
            self.lives[0] -= 1
            if self.lives[0] == 0 and not self.after:
                raise KilledError
            answer = method(*args, **named)
            if self.lives[0] == 0:
                raise KilledError
            return answer

        return write


@dataclass(slots=True)
class Realm:
    """A channel with keys in files and a store in memory; `online` is what channel.yaml names."""

    folder: Path
    store: MemoryStore
    online: LocalKey

    @classmethod
    def new(cls, folder: Path) -> Realm:
        found = cls(folder, MemoryStore(), None)
        keys(found.files, CHANNEL, TODAY)
        found.online = found.files.signer(KeyName.ONLINE)
        index((), (Subdir.NOARCH,), found.setting(found.store))
        return found

    @property
    def files(self) -> KeyFiles:
        return KeyFiles({name: f"file:{name}.pem" for name in KeyName}, Path("public"), self.folder)

    @property
    def first(self) -> bytes:
        return self.files.published(PublicName.ROOT)

    @property
    def root_key(self) -> LocalKey:
        return self.files.signer(KeyName.ROOT)

    def setting(self, store: Any) -> Setting:
        cause = Cause(commit="", run="", who="test")
        return Setting(
            store=store,
            notary=Notary(root=self.first, online=self.online),
            cause=cause,
            now=TODAY,
            pause=lambda _: None,
        )

    def office(self, lives: list[int] | None = None, *, after: bool = False) -> RootOffice:
        lives = lives if lives is not None else [0]
        store, files = Mortal(self.store, lives, after), Mortal(self.files, lives, after)
        return RootOffice(
            channel=CHANNEL, keystore=files, store=store, now=TODAY, lifetime=YEAR,
            sign_anew=lambda: sign_anew(self.setting(store)),
        )  # fmt: skip

    def publish(self) -> None:
        sign_anew(self.setting(self.store))

    def clients_follow(self) -> int:
        """A client that pinned the first root, and each that pinned a later one, see the same generation."""
        source = StoredSource(self.store, CHANNEL)
        seen = follow(source, self.first, TODAY)
        assert all(follow(source, root, TODAY).generation == seen.generation for root in seen.roots)
        return len(seen.roots)


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    return Realm.new(tmp_path)


def ended(report: RootReport) -> tuple[int, bool, bool]:
    return report.root.version, report.enacted, report.changed


def test_the_online_key_is_rotated_with_both_in_between(realm: Realm) -> None:
    old, new = realm.online, new_key()
    change = RootChange(admit=(new.public_key_pem,))
    assert ended(rotate(realm.office(), change, (realm.root_key,))) == (2, True, True)
    assert ended(rotate(realm.office(), change, (realm.root_key,))) == (2, False, False)
    realm.publish()
    realm.online = new
    realm.publish()
    assert realm.clients_follow() == 2
    gone = RootChange(dismiss=(fingerprint(old),))
    assert ended(rotate(realm.office(), gone, (realm.root_key,))) == (3, True, True)
    assert realm.clients_follow() == 3
    realm.publish()
    realm.online = old
    with pytest.raises(TrustError, match="forged"):
        realm.publish()


def test_a_key_that_signs_the_present_generation_goes_only_when_that_is_signed_anew(realm: Realm) -> None:
    old, new = realm.online, new_key()
    rotate(realm.office(), RootChange(admit=(new.public_key_pem,)), (realm.root_key,))
    gone = RootChange(dismiss=(fingerprint(old)[:12],))
    with pytest.raises(TrustError, match="would no longer trust"):
        rotate(realm.office(), gone, (realm.root_key,))
    assert realm.clients_follow() == 2
    realm.online = new  # channel.yaml names it
    assert ended(rotate(realm.office(), gone, (realm.root_key,))) == (3, True, True)
    assert realm.clients_follow() == 3


@pytest.mark.parametrize("after", [False, True])
def test_a_rotation_killed_at_any_write_locks_nobody_out_and_is_completed(tmp_path: Path, *, after: bool) -> None:
    for step in (admitted, dismissed, root_replaced):
        for at in count(1):
            realm = Realm.new(tmp_path / f"{step.__name__}-{at}-{after}")
            act = step(realm)
            version = realm.clients_follow()
            try:
                act(realm.office([at], after=after))
            except KilledError:
                assert realm.clients_follow() in {version, version + 1}
                act(realm.office())
                assert not act(realm.office()).changed
                assert realm.clients_follow() == version + 1
                assert realm.files.published(DRAFT) is None
                assert realm.files.published(f"{version + 1}.root.json")
            else:
                break
        assert at > 3


def admitted(realm: Realm) -> Callable[[RootOffice], RootReport]:
    change = RootChange(admit=(new_key().public_key_pem,))
    return lambda office: rotate(office, change, (realm.root_key,))


def dismissed(realm: Realm) -> Callable[[RootOffice], RootReport]:
    """The old key's generation is signed anew within the same run. Gone is gone: the second run has nothing to do."""
    old, new = realm.online, new_key()
    rotate(realm.office(), RootChange(admit=(new.public_key_pem,)), (realm.root_key,))
    realm.online = new
    return lambda office: rotate(office, RootChange(dismiss=(fingerprint(old),)), (realm.root_key,))


def root_replaced(realm: Realm) -> Callable[[RootOffice], RootReport]:
    new = new_key()
    change = RootChange(holders=(new.public_key_pem,))
    # The old key has a say only until the change is in force.
    return lambda office: rotate(office, change, (realm.root_key, new))


def test_three_people_change_the_root_by_passing_a_file(realm: Realm) -> None:
    ada, bob, eve = new_key(), new_key(), new_key()
    change = RootChange(holders=tuple(k.public_key_pem for k in (ada, bob, eve)), threshold=2)
    report = rotate(realm.office(), change, (realm.root_key,))
    assert (report.enacted, report.root.lacking, report.root.lacking_before) == (False, 2, 0)
    draft = realm.files.published(DRAFT)
    with pytest.raises(TrustError, match="lacks 2 signatures"):
        enact(realm.office(), draft)
    copies = [countersign(realm.office(), (draft,), (holder,))[0] for holder in (ada, eve)]
    both, report = countersign(realm.office(), copies, ())
    assert (report.root.is_complete, len(report.root.signed_by)) == (True, 3)
    assert ended(enact(realm.office(), both)) == (2, True, True)
    assert ended(enact(realm.office(), both)) == (2, True, False)
    assert realm.clients_follow() == 2


def test_the_same_holder_twice_is_one_holder(realm: Realm) -> None:
    ada, bob = new_key(), new_key()
    change = RootChange(holders=(ada.public_key_pem, bob.public_key_pem), threshold=2)
    rotate(realm.office(), change, (realm.root_key, ada))
    draft, report = countersign(realm.office(), (realm.files.published(DRAFT),), (ada, ada))
    assert report.root.lacking == 1
    with pytest.raises(TrustError, match="lacks 1"):
        enact(realm.office(), draft)


def test_the_holders_before_must_agree(realm: Realm) -> None:
    """The takeover by whoever swaps the root for one of their own."""
    mine = new_key()
    rotate(realm.office(), RootChange(holders=(mine.public_key_pem,)), (mine,))
    with pytest.raises(TrustError, match="lacks 1"):
        enact(realm.office(), realm.files.published(DRAFT))
    realm.store.put("tuf/2.root.json", realm.files.published(DRAFT), layout.Freshness.IMMUTABLE)
    with pytest.raises(TrustError, match="does not trust its signature for root"):
        realm.clients_follow()


def test_a_stranger_has_no_say(realm: Realm) -> None:
    rotate(realm.office(), RootChange(admit=(new_key().public_key_pem,)), ())
    with pytest.raises(TrustError, match="is no root key of this channel"):
        countersign(realm.office(), (realm.files.published(DRAFT),), (new_key(),))


def test_drafts_of_two_changes_do_not_mix(realm: Realm) -> None:
    one, other = (RootChange(admit=(new_key().public_key_pem,)) for _ in range(2))
    rotate(realm.office(), one, ())
    with pytest.raises(TrustError, match="another change waits"):
        rotate(realm.office(), other, (realm.root_key,))
    with pytest.raises(TrustError, match="drafts of different roots"):
        countersign(realm.office(), (realm.files.published(DRAFT), drafted(realm.first, other, TODAY)), ())


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (RootChange(threshold=2), "2 of 1 root keys can never sign"),
        (RootChange(dismiss=("ffff",)), "no online keys of the root begin with ffff"),
        (RootChange(dismiss=("",)), "would leave no online key"),
    ],
)
def test_a_root_that_nobody_could_use_is_never_drafted(realm: Realm, change: RootChange, says: str) -> None:
    with pytest.raises(TrustError, match=says):
        rotate(realm.office(), change, (realm.root_key,))
    assert realm.files.published(DRAFT) is None


def test_a_root_is_renewed_when_it_is_due_and_even_when_it_has_expired(realm: Realm) -> None:
    assert ended(rotate(realm.office(), RootChange(), (realm.root_key,))) == (1, False, False)
    office = realm.office()
    late = RootOffice(
        channel=CHANNEL, keystore=office.keystore, store=office.store, now=TODAY + 2 * YEAR, lifetime=YEAR,
        sign_anew=office.sign_anew,
    )  # fmt: skip
    assert ended(rotate(late, RootChange(), (realm.root_key,))) == (2, True, True)
    source = StoredSource(realm.store, CHANNEL)
    with pytest.raises(TrustError, match="timestamp\\.json` expired"):
        follow(source, realm.first, TODAY + 2 * YEAR)  # the root holds again; a publish renews the rest


def test_the_first_root_of_several_holders_waits_for_them(tmp_path: Path) -> None:
    ada, bob = new_key(), new_key()
    holders = RootChange(holders=(ada.public_key_pem, bob.public_key_pem), threshold=2)
    files = Realm(tmp_path, MemoryStore(), None).files
    report = keys(files, CHANNEL, TODAY, holders=holders)
    assert DRAFT in report.made
    assert KeyName.ROOT not in report.made
    assert not keys(files, CHANNEL, TODAY).changed
    realm = Realm(tmp_path, MemoryStore(), files.signer(KeyName.ONLINE))
    draft, report = countersign(realm.office(), (files.published(DRAFT),), (ada, bob))
    assert enact(realm.office(), draft).root.holders == tuple(sorted(map(fingerprint, (ada, bob))))
    index((), (Subdir.NOARCH,), realm.setting(realm.store))
    assert realm.clients_follow() == 1
    assert not keys(files, CHANNEL, TODAY).changed


def test_two_people_who_enact_two_changes_at_once_cannot_both_win(realm: Realm) -> None:
    one, other = (RootChange(admit=(new_key().public_key_pem,)) for _ in range(2))
    rotate(realm.office(), one, (realm.root_key,))
    second = drafted(realm.first, other, TODAY + YEAR)
    signed, _ = countersign(realm.office(), (second,), (realm.root_key,))
    with pytest.raises(TrustError, match="another root 2 is in force already"):
        enact(realm.office(), signed)


def test_signatures_that_do_not_hold_count_for_nothing(realm: Realm) -> None:
    rotate(realm.office(), RootChange(admit=(new_key().public_key_pem,)), ())
    draft = realm.files.published(DRAFT)
    signed, _ = countersign(realm.office(), (draft,), (realm.root_key,))
    altered = signed.replace(b'"version":2', b'"version":3')
    assert standing(signed, realm.first).lacking == 0
    assert standing(altered, realm.first).lacking == 1


def test_what_is_not_served_is_no_root_yet(realm: Realm) -> None:
    with pytest.raises(NotFoundError):
        realm.store.get("tuf/2.root.json")
    rotate(realm.office(), RootChange(admit=(new_key().public_key_pem,)), ())
    with pytest.raises(NotFoundError):
        realm.store.get("tuf/2.root.json")


def test_nobody_follows_a_generation_of_the_future(realm: Realm) -> None:
    """A publisher whose clock is ten minutes slow, or one after another whose clock was fast."""
    early = replace(realm.setting(realm.store), now=TODAY - timedelta(minutes=10))
    with pytest.raises(TrustError, match="says it was signed at"):
        sign_anew(early)
    assert sign_anew(replace(early, now=TODAY - timedelta(minutes=4))).receipt
