"""English words that brands are named after: such a name means the brand only where it is capitalised.

Stems; `is_ordinary` knows the regular inflections. Does not know names of people or places.
"""

from __future__ import annotations

import re
from functools import cache

_WORDS = """
able about above academy accent access accord account accounting ace acme acorn across act action active actor acuity
adapt add advance advantage advice aero affirm after agency agenda agent agile ahead aid aim air airy alarm album
alert algebra align alike alive all alley alliance allure ally almond alone alpha alpine also always amber ambition
amount amplify amplitude anchor ancient and angel angle animal answer ant anthem any anyone anything apart apex appeal
apple appliances apply approach apps april apron aqua arc arcade arch archer architect arctic area arena argon argue
ark arm armada armor armour army aroma around arrow art article artist ascent ash ask aspect aspen asset assist
assistant association assure astro athlete atlas atom attentive attic audible audio august aura aurora author auto
autumn avenue average avid avocado awake award aware away axe axiom axis azure baby back bacon badge bag bake baker
balance ball ballot balm bamboo banana band bandit bang bank banking bar bare bargain bark barn barrel base basic
basin basis basket bat bath battery battle bay beach beacon beam bean bear beat beautiful beauty beaver become bed bee
beech beer beetle before begin behind bell belong below belt bench bend beneath benefit berry best bet beta better
between beyond big bike bill binary bird birth bit bite black blade blame blank blast blaze blend bless blink bliss
block blog bloom blossom blow blue bluebird bluff blur board boat body bold bolt bond bone bonsai bonus book boost
boot border boss both bottle bottom bounce bound bounty bow bowl box boy brain brake branch brand brave braze bread
break breakfast breath breeze brew brick bridge brief bright brilliant bring broad bronco bronze brook broom brother
brown brush bubble buck bucket bud buddy budget buffer bug build builder bull bulldog bullet bumble bump bundle bunny
bureau burger burn burst bus bush business busy but butter butterfly button buy buyer buzz cab cabin cable cactus cake
calendar call calm camel cameo camera camp campaign can canary candle candy cannon canoe canvas canyon cap capital
capsule captain car caravan carbon card cardinal care career cargo carrot carry cart carton cascade case cash cast
castle casual cat catalyst catch cattle cause caviar cedar celebrate cell cellar celsius census center central century
cerebral certain chain chair chalk challenger chamber champion chance change channel chapter character charge charm
chart chase chat check checker cheer cheese chef cherry chess chest chew chicken chief child chime chip chocolate
choice choose chorus chrome church cider cinema circle circuit citizen city civic claim clarity class classic
classroom clay clean cleaner clear clever click client cliff climate climb clip clock clockwise close cloth cloud
clover club clue coach coal coast coat cobalt cobra coconut coda code coffee coil coin cold collar collect college
color colour column comet comfort comic command commerce common community company compass complete computer concept
concert concord conduct cone confluence connect conquer conscious consensus constant construct consul consulting
consumer contact content continue contour contrast control converse convoy cook cookie cool copilot copper copy coral
core cork corn corner corona cosmos cost cottage cotton couch council count country couple courage course court cove
cover cow craft crane crate crayon crazy cream create creative creator credit credo creek crescent crest crew cricket
crimson crisp critic croc crop cross crow crowd crown cruise crunch crush crust crystal cub cube culture cup cure
curio current curry cursor curve custom customer cut cycle cyclone daily daisy dance dandelion dare dark dart dash
data date dawn day deal dear decent deck deep deer degree deliver delta demand den dental depend depot depth derby
desert deserve design desire desk destiny detail develop dew dial diamond diary dice diesel diet different dig digital
dime dinner dip direct dirt disc discord discover discovery dish dispatch display distance diva dive divine dock
doctor dodge dog doll dollar dolphin domain dome domino done donkey doodle door dot double dough dove down dozen draft
dragon draw dream dress drift drill drink drip drive driver drone drop drum drunk dry duck due duke dune dust duty
dwell dynamic each eager eagle ear early earn earth ease easel east eastern easy eat echo eclipse edge edit editor
educate education effect effort egg eight elastic elder electric element elephant elevate eleven elf elite elm else
ember emblem emerald emerge emotion empire employ empower empty encore end endeavor endless endure energy engage
engine enjoy enough enter enterprise entire entity envoy envy epic epoch equal equator equinox equipment equity era
escape esprit essence essential estate eternal ether even event ever evergreen every everyone everything evidence
evolve exact example excel excellent exchange excite exit expand expect expedition experience expert explore explorer
express extra eye fable fabric face fact factor factory facts fair fairy faith falcon fall family famous fan fancy far
farm farmer fashion fast father fathom favor feast feather federal feed feel fellow fence fern ferry fest fetch fever
few fiber fiddle field fiesta fifth fifty fig fight figure file fill film filter final finance financial find fine
finger finish fir fire firefly firm first fish fit fitness five fix flag flair flame flamingo flare flash flat flavor
flax fleet flex flexible flicker flight flip float flock flood floor flora flour flow flower fluent fluff fluid flute
flux fly foam focus fog fold folk follow food foods foot football for force forest forever forge fork form fort
fortune forum forward fossil found foundation fountain four fox fraction frame free freedom freelancer freight fresh
friday friend frog front frontier frost fruit fuel full fun function fund fur furniture fuse fusion future gain galaxy
gallery gallon game games gamma gap garage garden garlic gas gate gather gauge gazelle gear gecko gem gemini general
generous genesis genius gentle genuine get ghost giant gift ginger giraffe girl give glacier glad gladiator glance
glare glass glaze gleam glide glimpse glitch global globe glory gloss glove glow glue goal goat gold golden golf gong
good goods goose grab grace grade grain grammar grand granite grant grape graph graphite grass gravity gray great
green greenhouse greet grey grid grill grin grip grit grocery ground group grove grow growth grub guard guardian guess
guest guide guild guitar gulf gum guru gust gusto gym habit half hall hallmark halo hammer hand handle handshake handy
happy harbor hard hardware harmony harp harvest hash hat hatch haven hawk hay hazel head headspace health healthy heap
hear heart hearth heat heaven heavy hedge heel hefty height helix hello helm help hen herald herb here heritage hero
heron hex hickory high highland hike hill hinge hint hire hit hive hobby hold hole holiday hollow holly home honest
honey honor hood hook hoop hop hope horizon horn horse hose host hosting hot hotel hotels hound hour house hover how
hub huddle huge hull human humble hunt hunter hurdle hurry hush husky hut hybrid hydra ice icon idea ideal identity
idle igloo ignite illuminate image imagine impact impala impossible impulse in inch include income indeed index indigo
industry infinite infinity inform infrastructure ink inn inner innovate input inquire insight inspire instant
institute insurance intelligent intent inter intercept intercom interest interior international internet interval into
invent invest invite invoice invoke ion iris iron island issue item ivory ivy jade jaguar jam january jar jasmine
jasper jaw jazz jelly jersey jest jet jewel job join joint joke jolly journal journey joy judge juice july jump june
jungle junior juniper juno jupiter jury just justice kayak keen keep kernel kettle key kick kid kin kind kindle king
kingdom kiss kit kitchen kite kitten kiwi knee knife knight knit knob knot know knowledge koala kraken lab label labs
lace ladder lady lake lamb lamp lance land lane language lantern lap large lark laser last late lattice laugh launch
launder laurel lava lavender law lawn lay layer lead leader leaf league lean leap learn learning leather ledger left
leg legacy legal legend lemon lemonade lend lending length lens leopard less lesson let letter level lever liberty
library license life lift light lighthouse lightning like lily lime limit limitless line linear linen link lion lip
liquid list listen lite little live lively living load loan lobby local lock locker loft log logic lone long look loom
loop loose lot lotus loud lounge love low loyal lucid luck lucky lumber luminous lunar lunch lung lush luxury lynx
lyric machine made magic magnet magnolia magnum maid mail main major make maker mallet mammoth man manage management
mango manner manor mantle map maple maps marble march margin marigold marine mark market marketing marlin marmot mars
marsh marvel mask mass master masterclass mat match mate material matrix matter maverick max may maze meadow meal mean
measure meat mechanic medal media medical medium meet mellow melody melon member memo memory mend mental menu merchant
mercury mercy merge merit mesh message meta metal meteor meter method metro mice micro middle midnight might mighty
mile milk mill million mimic mind mine miner mini mink mint minute miracle mirror mission mist mitten mix mobile mocha
mode model modern modest mole moment momentum monarch monday money monitor monkey monster month monument mood moon
moose more morning mortar mortgage mosaic moss most moth mother motion motor motors mountain mouse mouth move movie
much mud muffin mug mule multi mural muscle museum music mustang mustard mutual myth nail name narrow nation national
native natural nature navy near neat nectar need needle neon nerve nest net network neutral never new news next nexus
nice night nimble nine ninja noble node noise nomad none nook noon normal north northern nose notable notch note
nothing notice notion nova novel november now number nurse nut nutshell oak oar oasis oat object obsidian ocean
october octopus odd odyssey off offer office often oil okay old olive olympic omega once one onion online only onward
onyx opal open opera operate opinion optic optimal optimist option oracle orange orbit orchard orchid order ordinary
organ organic orient oriental origami origin original osprey other otter ounce our out outback outdoor outdoors outer
outfitter outlet outlook outreach outside oval oven over owl own owner oxygen oyster pace pack package pad paddle page
paint pair palace palisade palm pan panda pane panel panther papa papaya paper parade paradise paragon parallel
paramount parcel parent park parrot part partner party pass passage passion passport past pasta paste pastel patch
path pathfinder patient patrol pattern pause pave pavilion paw pay payments peace peach peacock peak peanut pear pearl
pebble peel peer pelican pen pencil penguin penny people pepper perfect perform perk perma permit perplexity person
pet petal phantom phase phoenix phone photo piano pick picnic picture pie piece pier pigeon pike pile pilgrim pill
pillar pillow pilot pin pine pink pioneer pipe pirate pitch pivot pixel pizza place plaid plain plan plane planet
planner plant plastic plate platform platinum play player plaza please pledge plenty plot plow plug plum plume plus
pocket pod podium poem poet point poise polar pole police polish polo pond pony pool pop poppy popular porch port
portal portrait pose positive post pot potato potential pouch pound powder power practice prairie praise prefer
premier premium prepare present press pretty preview price pride primary prime prince princess principal principle
print priority prism private prize pro process produce product profile profit program progress progressive project
promise proof proper prophet prose prosper protect proton proud prove provide prudent public publish puddle puff pull
pulley pulp pulse puma pump punch pupil puppet puppy pure purple purpose purse push put puzzle pyramid quaker quality
quantum quarry quart quarter quartz queen quest question quick quicken quiet quill quilt quince quip quiver quota
quote rabbit raccoon race rack radar radiant radio radius raft rage raid rail railway rain rainbow raise rake rally
ram ramp ranch random range ranger rank rapid rare rate ratio raven raw ray razor reach react read reader ready real
realm reason rebel recall receipt recipe reclaim record recover red redwood reed reef reel refine reflect reform
reformation refresh regal regard regent region register regular relate relax relay release reliable reliance relief
remedy remember remix remote render renegade renew rent repair repeat replay replicate reply report reports republic
rescue research reserve resilient resin resolve resonate resort resource respond rest restaurants result retail
retreat return reveal revenue revere reverse review revive reward rhythm ribbon rice rich ride ridge right ring ringer
rinse ripe ripple rise rival river road roam roast robin robot rock rocket rockstar rod rogue roll roller roman romp
roof room root rope rose rough round route rover row royal rub ruby rule ruler run runner runway rush rust saber sack
saddle safari safe safety saga sage sail sailor saint sake salad sale sales salmon salon salsa salt salute same sample
sanctuary sand sandal sandwich sap sapphire satin saturn sauce save savings savvy saw say scale scallop scan scarlet
scene scenic scent scholar school science scoop scope score scout scrap scratch screen script scroll sea seal seamless
search season seat second secret section secure security see seed seek segment select self sell send senior sense
sentinel sentry separate sequel sequence sequoia serene series serve service services session set settle seven shade
shadow shake shape share shark sharp shed sheep sheet shelf shell shelter shepherd shield shift shine ship shirt shoe
shoot shop shopping shore short shortcut shot shout show shower shrimp shuffle shut shuttle sibling side sierra sift
sigma sign signal signature silent silk silver similar simple simply since sing single sink sister site six size
sketch ski skill skin skip skull sky skyline slack slate sleek sleep sleeve slice slick slide slim sling slip slope
slow small smart smash smile smith smoke smooth snack snail snake snap snow snowflake soak soap soar social society
sock soda soft soil solar soldier sole solid solo solution solutions solve some sonata song sonic soon soul sound soup
source south southern space spade spark sparrow speak spear special spectrum speech speed spell sphere spice spider
spike spin spiral spirit splash splice split sponge spoon sport sports spot spray spread spring sprinkle sprint sprite
sprout spruce spur square squirrel squirt stable stack staff stage stair stake stallion stamp stand standard star
stark start starter stash state statement station stay steady steam steel steep stellar stem step sterling stew stick
still sting stitch stock stone stool stop storage store stores stork storm story stove straight strand strategy straw
streak stream street strength stretch stride strike string strip stripe strive strong structure studio study stuff
style suave subject submarine subway success such sugar suit suite sulfur sum summer summit sumo sun sunday sunflower
sunny sunrise sunset super supply support supreme sure surf surface surge surprise surround survey survive swallow
swan swap sweet swell swift swim swing switch sword symbol sync synergy syrup system systems table tableau tablet tack
tag tail tailor take tale talent talk tall tan tandem tangent tango tank tap tape target task taste tea teach team
tear technologies technology teddy telegram tell temper temple ten tender tent term terra test text than thank that
theater theme theory there thermal thick thing think third thistle thorn thought thread three thrift thrive through
throw thumb thunder thyme ticket tidal tide tidy tie tiger tight tile timber time tin tinder tiny tip titan title
toast today toe together tomato tomorrow ton tonal tone tongue tonic tool tooth top topaz torch tornado tortoise total
totem touch tough tour toward towel tower town toy trace track trackable tracker trade trader tradition trail train
training transfer transform transit translate trap travel tray treasure treat tree trek trellis trend trends triangle
tribe tribute trick trident trim trio trip triple triumph trolley trophy tropic trout truck true truffle trumpet trunk
trust truth try tub tube tulip tuna tundra tune tunnel turbo turkey turn turtle twelve twenty twig twin twist twitch
two type ultimate ultra umbrella uncle uncommon under unicorn uniform union unique unison unit unite unity universal
universe university up upbeat uplift upon upper upright upstart urban urge us use useful usher utmost vacation vacuum
vagrant vale valley valor value valve van vanguard vanilla vantage vapor variety vault vector vegan veil vein velocity
velvet venture venue venus verb verdict verge verify verse version very vessel vest vet via vibe vibrant victor
victory video view viking villa village vine vintage vinyl violet viper virgin virtual virtue visa vision visit vista
visual vital vivid vocal vogue voice void volcano volt volume vote voyage vroom vulcan wafer wag wage wagon waist wait
wake walk wall wallet walnut walrus wander want war warm warp warrior wash watch water wave wax way wealth wear
weather web wedge week weigh weight welcome well wellness west western whale wheat wheel whimsical whip whisk whisper
whistle white whole whoop wide wild will willow win wind window windsurf wine wing winner winter wire wireless wisdom
wise wish wit with within without wizard wolf woman wonder wood wool word work workable workday worker workout
workplace workshop world worth wrangler wrap wren wrench write writer yacht yard yarn year yellow yes yet yield yoga
young your youth zeal zebra zen zenith zephyr zero zest zigzag zinc zip zone zoom
"""


_SENTENCE_START = re.compile(r"(?:^|[\n.!?:;|>])[\s\"'(\[*_#>|-]*(?:\d{1,3}[.)]\s+)?[*_\"'(\[]*$")
_OBJECT = re.compile(
    r"[*_]* (?:up|down|off|out|away|back|in (?:on|to|mind)|more|new|all|every|each|any"
    r"|the|a|an|your|our|their|its|his|her|my|this|that|these|those|it|them|you|us|me)\b"
)
#: Where "a" is a verb: "Orange a lancé une offre".
_NOT_ENGLISH = re.compile(
    r"\b(?:le|la|les|une|des|du|de|et|pour|dans|sur|que|el|los|las|una|um|uma|os|da|do|il|gli|con|per|para)\b"
)
_OBJECT_IN_CAPITALS = re.compile(_OBJECT.pattern, re.I)
#: What is no brand as a whole though a word of it is one: what follows that word, and what it follows.
_AFTER = {
    "amazon": "rainforest river basin jungle",
    "apple": "pie pies juice cider sauce tree trees orchard orchards crumble vinegar",
    "arc": "de length welding",
    "buffer": "overflow overflows zone zones stock",
    "gap": "year years between",
    "linear": "regression algebra equation equations model models programming motion",
    "meta": "tag tags description descriptions analysis analyses keyword keywords",
    "mint": "leaf leaves tea sauce",
    "notion": "of that",
    "oracle": "of",
    "orange": "juice county peel zest tree trees",
    "ring": "finger road",
    "shell": "script scripts scripting command commands",
    "square": "foot feet meter meters metre metres mile miles inch inches kilometers kilometres root roots",
    "subway": "station stations line lines train trains system systems",
    "target": "audience audiences market markets group groups date dates",
    "tide": "pool pools table tables",
    "visa": "requirement requirements application applications applicant applicants holder holders sponsorship status",
    "zoom": "lens lenses level",
}
_BEFORE = {
    "apple": "big adam's",
    "arc": "narrative story",
    "bolt": "usain lightning",
    "gap": "gender pay wage income skills",
    "loop": "feedback",
    "ring": "wedding engagement",
    "shell": "bash unix linux secure",
    "square": "times trafalgar union leicester tiananmen least",
    "tide": "rising high low crimson",
}
_NEXT_WORD, _LAST_WORD = re.compile(r"[ -]([^\W\d_]+)"), re.compile(r"([^\W\d_]+(?:'s)?)[ -]$")
#: An adverb over a whole sentence.
_ADVERB = re.compile(r"(?:indeed|instead|surely|simply|still|now|yet|also|then|soon|again|finally|always)$", re.I)
_DATE = (
    "(?:mon|tues|wednes|thurs|fri|satur|sun)days?|january|february|march|april|may|june|july|august|september|october"
    "|november|december"
)
_DATES = re.compile(_DATE)
_DATE_BEFORE = re.compile(
    r"(?:\b(?:on|every|each|next|last|this|since|until|till|early|late|past|following|previous|before|after|said|cyber|easter|black|good"
    r"|see you|due|opens?|opened|close[sd]?|starts?|started|ends?|ended|begins?|began|deadline is|today is|tomorrow is"
    r"|(?<!ed )(?<!made )(?<!built )by|\d{1,2}|\d(?:st|nd|rd|th))"
    rf"|\b(?:{_DATE})(?:,|,? (?:and|or|to|through)| ?[-/])) $",
    re.I,
)
_DATE_AFTER = re.compile(
    r" (?:mornings?|afternoons?|evenings?|nights?|\d|at (?:\d|noon|midnight))"
    rf"|(?:,|,? (?:and|or|to|through)| ?[-/]) ?(?:{_DATE})\b",
    re.I,
)

#: "In May", "by May".
_MONTH_BEFORE = re.compile(r"\b(?:in|of|from|mid)[ -]$", re.I)


@cache
def _stems() -> frozenset[str]:
    return frozenset(_WORDS.split())


def is_ordinary(word: str) -> bool:
    """Whether a lower-case word is one of everyday English, in any regular inflection."""
    stems = _stems()
    if word in stems:
        return True
    for ending in ("s", "es", "ed", "d", "ing", "er", "ly", "y"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and (stem in stems or stem + "e" in stems):
            return True
        if len(stem) > 3 and stem != word and stem[-1] == stem[-2] and stem[:-1] in stems:
            return True
    return False


def stands_as_word(text: str, start: int, end: int) -> bool:
    """Whether a capitalised ordinary word at this place is no name: a date, or at a sentence's head verb or adverb."""
    written = text[start:end]
    word = written.lower()
    if _DATES.fullmatch(word):
        before = _DATE_BEFORE.search(text, max(start - 20, 0), start)
        if not before and not word.rstrip("s").endswith("day"):
            before = _MONTH_BEFORE.search(text, max(start - 5, 0), start)
        return bool(before or _DATE_AFTER.match(text, end))
    if is_of_compound(text, start, end):
        return True
    # "Target your readers", "Indeed, it is"
    taken = (_OBJECT_IN_CAPITALS if written.isupper() else _OBJECT).match(text, end)
    if taken and taken[0].endswith(" a") and _NOT_ENGLISH.search(text, end, end + 80):
        return False
    may_be = taken or (text[end : end + 1] == "," and _ADVERB.match(written))
    return bool(may_be and _SENTENCE_START.search(text, max(start - 40, 0), start))


def is_of_compound(text: str, start: int, end: int) -> bool:
    """Whether it is a part of "orange juice" or "Times Square"."""
    word = text[start:end].lower()
    after = _NEXT_WORD.match(text, end) if word in _AFTER else None
    before = _LAST_WORD.search(text, max(start - 20, 0), start) if word in _BEFORE else None
    return bool(
        (after and after[1].lower() in _AFTER[word].split()) or (before and before[1].lower() in _BEFORE[word].split())
    )
