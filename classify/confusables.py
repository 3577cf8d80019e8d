"""Letters of other scripts that are drawn like Latin ones: our own short table, for words that mix scripts."""

_PAIRS = (
    "аa вb сc еe нh іi јj кk мm оo рp ѕs тt уy хx ԁd ԛq ѡw һh ӏl "
    "АA ВB СC ЕE НH ІI ЈJ КK МM ОO РP ЅS ТT УY ХX "
    "αa βb εe ηn ιi κk νv οo ρp τt υu χx ωw ΑA ΒB ΕE ΗH ΙI ΚK ΜM ΝN ΟO ΡP ΤT ΥY ΧX ΖZ "
    "ɑa ɡg ɩi ʀr ʟl ᴀa ᴇe ᴋk ᴏo ᴛt ᴜu ᴠv ᴡw ıi ƙk łl øo đd ħh"
)
LATIN_LOOKALIKES = {pair[0]: pair[1] for pair in _PAIRS.split()}
