"""The commonest words that press somebody who leaves, by language, as patterns of whole words.

Each list says the same few things: shame, urgency that is not real, and what confuses. They are
short on purpose: what they find is hardly ever said otherwise.
"""

ENGLISH = (
    # Shame.
    r"are you (?:really |quite )?sure",
    r"(?:really|truly) (?:want|wish|going) to (?:leave|cancel|go)",
    r"(?:you(?:'ll| will| may| might)? )regret",
    r"(?:sad|sorry|hate) to (?:see|lose) you",
    r"(?:we(?:'ll| will)|going to) miss you",
    r"(?:please )?(?:don't|do not) (?:go|leave|give up|abandon)",
    r"let(?:ting)? (?:us|your team) down",
    r"break(?:s|ing)? our heart",
    r"disappoint(?:ing)? (?:us|our|your)",
    r"no,? thanks?,? i (?:hate|prefer|don't|do not|like)",
    r"(?:mak(?:e|ing)|be|big|huge) (?:an? )?(?:big |huge )?mistake",
    r"lose everything",
    # Urgency that is not real.
    r"last chance",
    r"final offer",
    r"act (?:now|fast|quickly)",
    r"hurry",
    r"(?:today only|only today)",
    r"limited[- ]time",
    r"now or never",
    r"before it(?:'s| is) too late",
    r"(?:don't|do not) miss",
    r"expires? (?:soon|tonight|today)",
    r"only \d+ (?:hours?|minutes?|seconds?|spots?|places?|left)",
    # Double negatives.
    r"(?:don't|do not|never|no longer) (?:not|un-?(?:subscribe|cancel)|stop (?:not|staying))",
    r"not (?:un-?(?:subscribe|cancel)|continue not)",
)

GERMAN = (
    r"(?:bist du|sind sie|seid ihr) (?:(?:dir|sich|euch) )?(?:wirklich |ganz )?sicher",
    r"wirklich (?:kündigen|gehen|verlassen)",
    r"(?:wirst|werden|werdet) (?:es|das) (?:noch )?bereuen",
    r"schade,? dass (?:du|sie|ihr) (?:uns )?(?:geh(?:st|en|t)|verl[aä]ss(?:t|en))",
    r"(?:wir werden (?:dich|sie|euch) vermissen|wir vermissen (?:dich|sie|euch))",
    r"(?:geh bitte nicht|geh nicht|gehen sie (?:bitte )?nicht|verlass uns nicht)",
    r"letzte chance",
    r"jetzt oder nie",
    r"bevor es zu spät ist",
    r"nur (?:noch )?heute",
    r"(?:beeil(?:e|t)? (?:dich|euch)|beeilen sie sich)",
    r"nur noch \d+ (?:stunden?|minuten?|sekunden?|plätze)",
)

FRENCH = (
    r"(?:êtes-vous|es-tu) (?:vraiment |bien )?sûre?s?",
    r"(?:voulez-vous|veux-tu) vraiment (?:nous quitter|partir|résilier|annuler)",
    r"(?:(?:allez|vas) le regretter|le regretter(?:ez|as))",
    r"tristes? de (?:vous|te) (?:voir|perdre)",
    r"(?:allez nous manquer|vas nous manquer|nous manquer(?:ez|as))",
    r"ne (?:partez|pars|nous quittez|nous quitte) pas",
    r"dernière chance",
    r"maintenant ou jamais",
    r"avant qu'il (?:ne )?soit trop tard",
    r"(?:aujourd'hui (?:seulement|uniquement)|(?:seulement|uniquement) aujourd'hui)",
    r"(?:dépêchez-vous|dépêche-toi)",
    r"plus que \d+ (?:heures?|minutes?|secondes?|places?)",
)

SPANISH = (
    r"¿ ?estás? (?:realmente )?segur[oa]",
    r"(?:de verdad|realmente) (?:quieres|quiere|desea) (?:irte|irse|cancelar|dejarnos)",
    r"(?:te arrepentirás|te vas a arrepentir|se arrepentirá)",
    r"(?:lamentamos|sentimos) que te vayas",
    r"te (?:echaremos de menos|extrañaremos|vamos a (?:extrañar|echar de menos))",
    r"(?:no te vayas|no se vaya|no nos dejes?)",
    r"última oportunidad",
    r"ahora o nunca",
    r"antes de que sea (?:demasiado )?tarde",
    r"s[oó]lo (?:por )?hoy",
    r"(?:date prisa|apresúrate)",
    r"s[oó]lo quedan \d+ (?:horas?|minutos?|segundos?|plazas?)",
)

PORTUGUESE = (
    r"tem (?:mesmo )?(?:a )?certeza",
    r"(?:quer|deseja) mesmo (?:cancelar|sair|ir embora)",
    r"(?:vai se arrepender|vai arrepender-se)",
    r"lamentamos (?:ver você partir|a sua partida|que vá embora)",
    r"(?:sentiremos|vamos sentir) (?:a )?sua falta",
    r"não (?:vá embora|nos deixe)",
    r"última (?:chance|oportunidade)",
    r"agora ou nunca",
    r"antes que seja tarde",
    r"(?:só|somente|apenas) hoje",
    r"apresse-se",
    r"(?:só|apenas) restam \d+ (?:horas?|minutos?|segundos?|vagas?)",
)

ITALIAN = (
    r"(?:sei|è) (?:davvero |proprio )?sicur[oa] di voler",
    r"vuoi davvero (?:disdire|andartene|lasciarci|cancellare)",
    r"(?:te ne pentirai|se ne pentirà)",
    r"ci dispiace (?:che te ne vada|vederti andare|perderti)",
    r"ci mancher(?:ai|à)",
    r"non (?:andartene|lasciarci|andare via)",
    r"ultima (?:occasione|possibilità|opportunità)",
    r"(?:ora|adesso) o mai più",
    r"prima che sia troppo tardi",
    r"solo (?:per )?oggi",
    r"(?:affrettati|sbrigati)",
    r"solo \d+ (?:ore|minuti|secondi|posti)",
)

DUTCH = (
    r"weet (?:je|u) (?:het )?zeker",
    r"wil(?: je|t u) echt (?:opzeggen|weggaan|stoppen)",
    r"spijt van krijgen",
    r"jammer dat (?:je|u) (?:weg)?gaat",
    r"we (?:zullen|gaan) (?:je|u) missen",
    r"(?:ga (?:alsjeblieft )?niet weg|verlaat ons niet)",
    r"laatste kans",
    r"nu of nooit",
    r"voordat het te laat is",
    r"alleen vandaag",
    r"(?:haast je|schiet op)",
    r"nog maar \d+ (?:uur|minuten|seconden|plaatsen)",
)

POLISH = (
    r"na pewno chcesz (?:zrezygnować|odejść|anulować)",
    r"(?:pożałujesz|będziesz żałować)",
    r"(?:szkoda|przykro nam),? że odchodzisz",
    r"będziemy (?:za tobą )?tęsknić",
    r"nie odchodź",
    r"ostatnia szansa",
    r"teraz albo nigdy",
    r"zanim będzie za późno",
    r"tylko dzi(?:ś|siaj)",
    r"pospiesz się",
    r"zostało tylko \d+ (?:godzin|minut|sekund|miejsc)",
)

# Japanese writes no spaces between words.
JAPANESE = (
    r"本当に(?:解約|退会|キャンセル|やめ)",
    r"後悔し",
    r"寂しい",
    r"(?:行か|やめ)ないで",
    r"最後のチャンス",
    r"今しかありません",
    r"手遅れにな",
    r"(?:本日限り|今日だけ)",
    r"お急ぎください",
    r"残り\d+(?:時間|分|秒|名|席)",
)

SPACED = (
    *ENGLISH,
    *GERMAN,
    *FRENCH,
    *SPANISH,
    *PORTUGUESE,
    *ITALIAN,
    *DUTCH,
    *POLISH,
)
UNSPACED = JAPANESE
