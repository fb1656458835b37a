"""The whole service without HTTP: repositories, who may do what, and who answers which kind of request."""

from streamcap_dagster.emulators.hub import committing, large_objects, reading, refusals
from streamcap_dagster.emulators.hub.answers import Answer, in_json
from streamcap_dagster.emulators.hub.bodies import Json, read_json, text_of
from streamcap_dagster.emulators.hub.calls import WRITING, Call
from streamcap_dagster.emulators.hub.card_yaml import card_errors
from streamcap_dagster.emulators.hub.faults import Faults
from streamcap_dagster.emulators.hub.journal import Journal
from streamcap_dagster.emulators.hub.options import Options
from streamcap_dagster.emulators.hub.refusals import Refusal, exists, invalid
from streamcap_dagster.emulators.hub.repositories import MAIN, Repository, is_ref_name

_BEARER = "Bearer "


class Service:
    def __init__(self, options: Options) -> None:
        self.options = options
        self.repositories: dict[str, Repository] = {}
        self.faults = Faults()
        self.journal = Journal(options.remember)

    def answer(self, call: Call, body: bytes) -> Answer:
        """Whatever is asked; raises Refusal."""
        if call.kind == "lfs_put":
            return large_objects.put(call, body, self._repository(call.repo))
        known = self._check_token(call)
        match call.kind:
            case "whoami":
                return self._whoami(known)
            case "validate_yaml":
                return _validate(read_json(call, body))
            case "create":
                return self._create(call, read_json(call, body))
            case "remove":
                return self._remove(read_json(call, body))
        repository = self._visible(call, known)
        if call.kind in WRITING:
            self._check_owner(repository.repo.partition("/")[0])
            return _write(call, body, repository)
        return self._read(call, body, repository)

    def _check_token(self, call: Call) -> bool:
        """Whether the caller is known. Raises Refusal for a wrong token, and for none where one is needed."""
        given = call.header(b"authorization")
        if not given:
            if call.kind in (*WRITING, "whoami"):
                raise refusals.nobody()
            return False
        token = given.removeprefix(_BEARER)
        if not given.startswith(_BEARER) or not token.startswith("hf_") or self.options.token not in ("", token):
            raise refusals.unknown_token()
        return True

    def _check_owner(self, owner: str) -> None:
        if self.options.owners and owner not in self.options.owners:
            raise refusals.no_rights(owner)

    def _repository(self, repo: str) -> Repository:
        if repo not in self.repositories:
            raise refusals.no_repo()
        return self.repositories[repo]

    def _visible(self, call: Call, known: bool) -> Repository:
        """To somebody unknown a private repository is one that there is not, and both are told as a matter of rights."""
        if not known and (call.repo not in self.repositories or self.repositories[call.repo].private):
            raise Refusal(401, "Invalid username or password.", "RepoNotFound")
        return self._repository(call.repo)

    def _whoami(self, known: bool) -> Answer:
        del known
        owners = self.options.owners or ("somebody",)
        return in_json({"type": "user", "name": owners[0], "orgs": [{"name": owner} for owner in owners[1:]], "auth": {"type": "access_token"}})

    def _create(self, call: Call, given: Json) -> Answer:
        if given.get("type") != "dataset":
            raise invalid("Only datasets are served here")
        owner = given.get("organization") or (self.options.owners or ("somebody",))[0]
        name, visibility = text_of(given, "name"), given.get("visibility", "public")
        if visibility not in ("public", "private"):
            raise invalid('"visibility" must be public or private')
        self._check_owner(str(owner))
        repo, url = f"{owner}/{name}", f"{call.url}/datasets/{owner}/{name}"
        if repo in self.repositories:
            raise exists("You already created this dataset repo: it", url=url)
        self.repositories[repo] = Repository(repo, private=visibility == "private")
        return in_json({"url": url, "name": repo, "id": repo.encode().hex()[:24]})

    def _remove(self, given: Json) -> Answer:
        repo = f"{text_of(given, 'organization')}/{text_of(given, 'name')}"
        self._repository(repo)
        self._check_owner(repo.partition("/")[0])
        del self.repositories[repo]
        return Answer()

    def _read(self, call: Call, body: bytes, repository: Repository) -> Answer:
        match call.kind:
            case "info":
                return reading.info(call, repository)
            case "refs":
                return reading.refs(repository)
            case "commits":
                return reading.commits(call, repository, self.options.page_size)
            case "tree":
                return reading.tree(call, repository, self.options.page_size)
            case "paths_info":
                return reading.paths_info(call, body, repository)
        return reading.download(call, repository)


def _write(call: Call, body: bytes, repository: Repository) -> Answer:
    match call.kind:
        case "preupload":
            return committing.preupload(call, body, repository)
        case "commit":
            return committing.commit(call, body, repository)
        case "lfs_batch":
            return large_objects.batch(call, body, repository)
        case "lfs_verify":
            return large_objects.verify(call, body, repository)
        case "settings":
            return _set(repository, read_json(call, body))
        case "tag":
            return _point(repository.tags, text_of(read_json(call, body), "tag"), repository.at(call.revision).oid, "Tag reference")
        case "branch":
            begin = text_of(read_json(call, body), "startingPoint", MAIN)
            return _point(repository.branches, call.path, repository.at(begin).oid, "Branch reference")
    named = repository.tags if call.kind == "untag" else repository.branches
    if call.path not in named:
        raise refusals.no_revision(call.path)
    del named[call.path]
    return Answer()


def _point(named: dict[str, str], name: str, oid: str, what: str) -> Answer:
    if name in named:
        raise exists(what)
    if not is_ref_name(name):
        raise invalid(f"Invalid reference name: {name}")
    named[name] = oid
    return in_json({})


def _set(repository: Repository, given: Json) -> Answer:
    visibility = given.get("visibility")
    if visibility is None and isinstance(given.get("private"), bool):
        visibility = "private" if given["private"] else "public"
    if visibility not in ("public", "private"):
        raise invalid('"visibility" must be public or private')
    repository.private = visibility == "private"
    return in_json({"private": repository.private})


def _validate(given: Json) -> Answer:
    errors = card_errors(text_of(given, "content", ""))
    answer = in_json({"errors": errors, "warnings": []})
    answer.status = 400 if errors else 200
    return answer
