"""Which syllables Vietnamese can write: they tell a text from one of another encoding.

Spelling alone, not a dictionary: an onset, a rime and a tone that its last letter allows.
"""

import unicodedata
from functools import lru_cache
from itertools import pairwise
from typing import Final

_TONES: Final = "\u0300\u0301\u0303\u0309\u0323"
_CHECKED: Final = frozenset("\u0301\u0323")
"""Acute and dot: the tones of a syllable that ends in c, ch, p or t."""

_VOWELS: Final = frozenset("aăâeêioôơuưy")
_ONSETS: Final = "- b c ch d đ g gh gi h k kh l m n ng ngh nh p ph r s t th tr v x"
_RIMES: Final = (
    "a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây "
    "e ec em en eng eo ep et ê êch êm ên ênh êp êt êu "
    "i ia ich im in inh ip it iu iêc iêm iên iêng iêp iêt iêu "
    "o oa oac oach oai oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăt oc oe oen oeo oet oi om on "
    "ong oong ooc op ot ô ôc ôi ôm ôn ông ôp ôt ơ ơi ơm ơn ơp ơt "
    "u ua uân uâng uât uây uc uê uêch uênh ui um un ung uơ uôc uôi uôm uôn uông uôt up ut "
    "uy uya uych uyên uyêt uynh uyt uyu ư ưa ưc ưi ưm ưn ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu "
    "y yêm yên yêng yêt yêu ych ynh"
)
_AFTER_Q: Final = (
    "ua uac uach uai uan uang uanh uao uat uau uay uăc uăn uăng uăp uăt uân uâng uât uây ue uen ueo uet uê "
    "uên uênh uêt uêch uêu ui uit uin uinh uy uych uyên uyêt uynh uyt uơ uơi uơn uôc uôn"
)


def _spellings() -> frozenset[str]:
    rimes = _RIMES.split()
    made = [onset.strip("-") + rime for onset in _ONSETS.split() for rime in rimes]
    made += ["gi" + rime[1:] for rime in rimes if rime.startswith("i")]
    made += ["k" + rime for rime in rimes if rime.startswith("y")]
    return frozenset(made + ["q" + rime for rime in _AFTER_Q.split()])


_ALL: Final = _spellings()


@lru_cache(maxsize=20_000)
def is_syllable(word: str) -> bool:
    """Whether a word, in any case, can be a syllable."""
    base: list[str] = []
    tones: list[str] = []
    for char in unicodedata.normalize("NFD", word.lower()):
        (tones if char in _TONES else base).append(char)
    plain = unicodedata.normalize("NFC", "".join(base))
    if len(tones) > 1 or plain not in _ALL:
        return False
    return not (plain.endswith(("c", "ch", "p", "t")) and tones and tones[0] not in _CHECKED)


@lru_cache(maxsize=20_000)
def is_well_toned(word: str) -> bool:
    """Whether the tone of a syllable stands where one writes it: hoà and hòa, but lèo and never leò."""
    letters = unicodedata.normalize("NFC", word.lower())
    at = [i for i, c in enumerate(letters) if set(unicodedata.normalize("NFD", c)) & set(_TONES)]
    plain = "".join(unicodedata.normalize("NFC", _untoned(c)) for c in letters)
    glide = 2 if plain[:2] in ("qu", "gi") and plain[2:3] in _VOWELS else 0
    vowels = [i for i, c in enumerate(plain) if c in _VOWELS and i >= glide]
    if not at or len(vowels) == 1:
        return not at or at == vowels
    marked = [i for i in vowels if plain[i] in "ăâêôơư"]
    if marked:
        return at[0] == marked[-1]
    cluster = "".join(plain[i] for i in vowels)
    if vowels[-1] < len(plain) - 1 or len(vowels) == 3:
        return at[0] == vowels[1]
    return at[0] == vowels[0] or (cluster in ("oa", "oe", "uy") and at[0] == vowels[1])


def _untoned(letter: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFD", letter) if c not in _TONES)


@lru_cache(maxsize=1)
def letter_pairs() -> frozenset[str]:
    """Every two letters that stand beside each other in some syllable, small and composed, with any tone."""
    pairs = set()
    for plain in _ALL:
        for one, two in pairwise(plain):
            pairs |= {a + b for a in _toned(one) for b in _toned(two) if a == one or b == two}
    return frozenset(pairs)


@lru_cache(maxsize=64)
def _toned(letter: str) -> tuple[str, ...]:
    if letter not in _VOWELS:
        return (letter,)
    return (letter, *(unicodedata.normalize("NFC", letter + tone) for tone in _TONES))
