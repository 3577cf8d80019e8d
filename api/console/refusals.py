"""What people are told who do not get in, in their own language: sentences that other files raise.

Those files know no page and no language; a test finds each sentence in one of them. What is not listed is shown as it
is.
"""

from api.console.rendering import sentence
from api.console.translation import Spoken
from api.errors import ApiError

SAID = Spoken(
    {
        "password": "the name or the password is wrong",
        "link": "this sign-in link was used already or is too old; ask the operator for a new one",
        "late": "this sign-in took too long; begin again",
        "code": "this code is wrong, or was used already; take the next one",
        "clock": "this code is wrong; is the telephone's clock right?",
        "common": "it is one of those that everybody tries first; take a few words that belong to you",
        "name": "it is little more than a name that others know; take words that nobody guesses",
        "short": "it must have at least 12 characters; a few words that belong to you do well",
        "present": "this is not your present password",
        "browser": "this sign-in was begun in another browser or is too old; begin again",
        "provider": "the provider did not sign you in; begin again, or come in with a link",
        "unknown": "no account here has the address that the provider vouches for; an administrator adds it",
        "off": "this account is switched off; ask an administrator",
        "no role": "this account has no role yet; ask an administrator",
        "no claim": "the provider gives you no role here; ask whoever runs it",
        "needed": "your role needs a second factor; an administrator can reset it",
    }
)


def told(refused: ApiError) -> str:
    """Return why something was refused, as a sentence in the reader's language."""
    # "password: it must ..." names a field for programs; people see the form.
    field, separator, rest = refused.detail.partition(": ")
    detail = rest if separator and field.isidentifier() else refused.detail
    known = next((key for key, words in SAID.words.items() if words == detail), None)
    return sentence(SAID[known] if known else detail)
