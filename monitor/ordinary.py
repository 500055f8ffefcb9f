"""English words that brands are named after: such a name means the brand only where it is capitalised.

Stems; `is_ordinary` knows the regular inflections. Does not know names of people or places.
"""

from __future__ import annotations

from functools import cache

_WORDS = """
able about above academy accent access account accounting ace acorn across act action active actor adapt add advance
advantage advice aero affirm after agency agenda agent agile ahead aid aim air airy alarm album alert algebra align
alike alive all alley alliance allure ally almond alone alpha alpine also always amber ambition amount amplify anchor
ancient and angel angle animal answer ant anthem any anyone apart apex appeal apple appliances apply approach apps
april apron aqua arc arcade arch archer architect arctic area arena argon argue ark arm armor army aroma around arrow
art article artist ash ask aspect aspen asset assist assistant association assure astro athlete atlas atom attic
audible audio august aura aurora author auto autumn avenue average avid awake award aware away axe axiom axis azure
baby back bacon badge bag bake baker balance ball ballot balm bamboo banana band bandit bank banking bar bare bargain
bark barn barrel base basic basin basis basket bat bath battery battle bay beach beacon beam bean bear beat beautiful
beauty beaver become bed bee beech beer before begin behind bell belong below belt bench bend beneath benefit berry
best bet beta better between beyond big bike bill binary bird birth bit bite black blade blame blank blast blaze blend
bless blink bliss block blog bloom blossom blow blue bluff blur board boat body bold bolt bond bone bonus book boost
boot border boss both bottle bottom bounce bound bow bowl box boy brain brake branch brand brave bread break breakfast
breath breeze brew brick bridge brief bright brilliant bring broad bronze brook broom brother brown brush bubble buck
bucket bud buddy budget buffer bug build builder bull bullet bump bundle bunny bureau burger burn burst bus bush
business busy but butter butterfly button buy buyer buzz cab cabin cable cactus cake call calm camel camera camp
campaign can canary candle candy cannon canoe canvas canyon cap capital captain car caravan carbon card cardinal care
career cargo carrot carry cart carton case cash cast castle casual cat catalyst catch cattle cause cedar celebrate
cell cellar center central century certain chain chair chalk chamber champion chance change channel chapter character
charge charm chart chase chat check checker cheer cheese chef cherry chess chest chew chicken chief child chime chip
chocolate choice choose chrome church cider cinema circle circuit citizen city civic claim clarity class classic clay
clean cleaner clear clever click client cliff climate climb clip clock close cloth cloud clover club clue coach coal
coast coat cobalt cobra coconut code coffee coil coin cold collar collect college color colour column comet comfort
comic command commerce common community company compass complete computer concept concert concord conduct cone connect
conquer conscious consensus constant construct consulting consumer contact content contour contrast control convoy
cook cookie cool copper copy coral core cork corn corner corona cosmos cost cottage cotton couch council count country
couple courage course court cove cover cow craft crane crate crayon cream create creative creator credit credo creek
crescent crest crew cricket crimson crisp critic crop cross crow crowd crown cruise crunch crush crust crystal cub
cube cup cure curio current curry curve custom customer cut cycle cyclone daily daisy dance dandelion dare dark dart
dash data date dawn day deal dear decent deck deep deer deliver delta demand den dental depot depth derby desert
deserve design desire desk destiny detail develop dew dial diamond diary dice diet different dig digital dime dinner
dip direct dirt disc discord discover discovery dish dispatch display distance diva dive divine dock doctor dog doll
dollar dolphin domain dome done donkey door dot double dough dove down dozen draft dragon draw dream dress drift drill
drink drip drive driver drone drop drum dry duck due duke dune dust duty dwell dynamic each eager eagle ear early earn
earth ease easel east eastern easy eat echo eclipse edge edit editor educate education effect effort egg eight elder
electric element elephant elevate eleven elf elite elm else ember emblem emerald emerge emotion empire employ empower
empty encore end endeavor endless endure energy engage engine enjoy enough enter enterprise entire entity envoy envy
epic epoch equal equator equipment equity era escape esprit essence essential estate eternal ether even event ever
evergreen every everyone evidence evolve exact example excel excellent exchange excite exit expand expect expedition
experience expert explore explorer express extra eye fable fabric face fact factor factory facts fair fairy faith
falcon fall family famous fan fancy far farm farmer fashion fast father favor feast feather federal feed feel fellow
fence fern ferry fest fetch fever few fiber fiddle field fiesta fifth fifty fig fight figure file fill film filter
final finance find fine finger finish fir fire firefly firm first fish fit fitness five fix flag flair flame flamingo
flare flash flat flavor flax fleet flex flexible flicker flight flip float flock flood floor flora flour flow flower
fluent fluff fluid flute fly foam focus fog fold folk follow food foods foot football for force forest forever forge
fork form fort fortune forum forward fossil found foundation fountain four fox fraction frame free freedom freight
fresh friday friend frog front frontier frost fruit fuel full fun function fund fur furniture fuse fusion future gain
galaxy gallery gallon game games gamma gap garage garden garlic gas gate gather gauge gazelle gear gecko gem gemini
general generous genesis genius gentle genuine get ghost giant gift ginger giraffe girl give glacier glad glance glare
glass glaze gleam glide glimpse glitch global globe glory gloss glove glow glue goal goat gold golden golf good goods
goose grace grade grain grammar grand granite grant grape graph graphite grass gravity gray great green greet grey
grid grill grin grip grit grocery ground group grove grow growth guard guest guide guild guitar gulf gum guru gust gym
habit half hall hallmark halo hammer hand handle handy happy harbor hard hardware harmony harp harvest hash hat hatch
haven hawk hay hazel head health healthy heap hear heart hearth heat heaven heavy hedge heel height helix hello helm
help hen herald herb here heritage hero heron hex hickory high highland hike hill hint hire hit hive hobby hold hole
holiday hollow holly home honest honey honor hood hook hoop hop hope horizon horn horse hose host hosting hot hotel
hotels hound hour house hover how hub huddle huge hull human humble hunt hunter hurdle hurry hush husky hut hybrid
hydra ice icon idea ideal identity idle igloo ignite illuminate image imagine impact impala impulse in inch include
income indeed index indigo industry infinite infinity inform ink inn inner innovate input inquire insight inspire
instant institute insurance intelligent intent inter intercept intercom interest interior international internet
interval into invent invest invite invoice invoke ion iris iron island issue item ivory ivy jade jaguar jam january
jar jasmine jaw jazz jelly jersey jest jet jewel job join joint joke jolly journal journey joy judge juice july jump
june jungle junior juniper juno jupiter jury just justice keen keep kernel kettle key kick kid kin kind kindle king
kingdom kiss kit kitchen kite kitten kiwi knee knife knight knit knob knot know knowledge koala lab label labs lace
ladder lady lake lamb lamp lance land lane language lantern lap large lark laser last late laugh launch launder laurel
lava lavender law lawn layer lead leader leaf league lean leap learn learning leather ledger left leg legacy legal
legend lemon lend lending length lens leopard less lesson let letter level lever liberty library license life lift
light lighthouse lightning like lily lime limit limitless line linear linen link lion lip liquid list listen lite
little live lively living load loan lobby local lock locker loft log logic lone long look loom loop loose lot lotus
loud lounge love low loyal lucid luck lucky lumber luminous lunar lunch lung lush luxury lynx lyric machine made magic
magnet magnolia magnum maid mail main major make maker mallet mammoth man manage management mango manner manor mantle
map maple maps marble march margin marigold marine mark market marketing marlin mars marsh marvel mask mass master mat
match mate material matrix matter maverick max may maze meadow meal mean measure meat mechanic medal media medical
medium meet mellow melody melon member memo memory mend mental menu merchant mercury mercy merge merit mesh message
metal meteor meter method metro mice micro middle midnight might mighty mile milk mill million mimic mind mine miner
mini mink mint minute miracle mirror mission mist mitten mix mobile mocha mode model modern modest mole moment
momentum monarch monday money monitor monkey monster month monument mood moon moose more morning mortar mortgage
mosaic moss most moth mother motion motor motors mountain mouse mouth move movie much mud muffin mug mule multi muscle
museum music mustang mustard mutual myth nail name narrow nation national native natural nature navy near neat nectar
need needle neon nerve nest net network neutral never new news next nexus nice night nimble nine ninja noble node
noise nomad none noon normal north northern nose notch note nothing notice notion nova novel november now number nurse
nut oak oar oasis oat object ocean october octopus odd odyssey off offer office often oil okay old olive olympic omega
once one onion online only onward onyx opal open opera operate opinion optic optimal optimist option oracle orange
orbit orchard orchid order organ organic orient origin original osprey other otter ounce our out outback outdoor
outdoors outer outlet outlook outside oval oven over owl own owner oxygen oyster pace pack package pad paddle page
paint pair palace palm pan panda pane panel panther paper parade paradise paragon parallel parcel parent park parrot
part partner party pass passage passion passport past pasta paste pastel patch path patient patrol pattern pause pave
pavilion paw pay payments peace peach peacock peak peanut pear pearl pebble peel peer pelican pen pencil penguin penny
people pepper perfect perform perk perma permit person pet petal phantom phase phoenix phone photo piano pick picnic
picture pie piece pier pigeon pike pile pilgrim pill pillar pillow pilot pin pine pink pioneer pipe pirate pitch pivot
pixel pizza place plaid plain plan plane planet planner plant plastic plate platform platinum play player plaza please
pledge plenty plot plow plug plum plume plus pocket pod poem poet point polar pole police polish polo pond pony pool
pop poppy popular porch port portal portrait pose positive post pot potato potential pouch pound powder power practice
prairie praise prefer premier premium prepare present press pretty preview price pride primary prime prince princess
print priority prism private prize pro process produce product profile profit program progress project promise proof
proper prophet prose prosper protect proud prove provide prudent public publish puddle puff pull pulp pulse puma pump
punch pupil puppy pure purple purpose purse push put puzzle pyramid quaker quality quantum quarry quart quarter quartz
queen quest question quick quiet quill quilt quince quip quiver quota quote rabbit raccoon race rack radar radiant
radio radius raft rage rail rain rainbow raise rake rally ranch random range ranger rank rapid rare rate ratio raven
raw ray razor reach react read reader ready real realm reason rebel recall receipt recipe record recover red redwood
reed reef reel refine reflect reform refresh regal regard regent region register regular relate relax relay release
reliable reliance relief remedy remember remix remote renew rent repair repeat reply report reports rescue research
reserve resilient resin resolve resonate resort resource respond rest restaurants result retail retreat return reveal
revenue revere reverse review revive reward rhythm ribbon rice rich ride ridge right ring ringer rinse ripe ripple
rise rival river road roam roast robin robot rock rocket rod rogue roll roller roman romp roof room root rope rose
rough round route rover row royal rub ruby rule ruler run runner runway rush rust saber sack saddle safari safe safety
saga sage sail sailor saint sake salad sale sales salmon salon salsa salt salute same sample sanctuary sand sandal
sandwich sap sapphire satin saturn sauce save savings savvy saw say scale scallop scan scarlet scene scenic scent
scholar school science scoop scope score scout scrap scratch screen script scroll sea seal search season seat second
secret section secure security see seed seek segment select self sell send senior sense sentinel sentry separate
sequel sequence sequoia serene series serve service services session set settle seven shade shadow shake shape share
shark sharp shed sheep sheet shelf shell shelter shepherd shield shift shine ship shirt shoe shoot shop shopping shore
short shot shout show shower shrimp shuffle shut shuttle sibling side sierra sift sign signal signature silent silk
silver similar simple simply since sing single sink sister site six size sketch ski skill skin skip skull sky skyline
slack slate sleek sleep sleeve slice slick slide slim sling slip slope slow small smart smash smile smith smoke smooth
snack snail snake snap snow soak soap soar social society sock soda soft soil solar soldier sole solid solo solution
solutions solve some song sonic soon soul sound soup source south southern space spade spark sparrow speak spear
special spectrum speech speed spell sphere spice spider spike spin spiral spirit splash split sponge spoon sport
sports spot spray spread spring sprinkle sprint sprout spruce spur square squirrel stable stack staff stage stair
stake stallion stamp stand standard star stark start starter state statement station stay steady steam steel steep
stellar stem step sterling stew stick still sting stitch stock stone stool stop storage store stores stork storm story
stove straight strand strategy straw stream street strength stretch stride strike string strip stripe strive strong
structure studio study stuff style subject submarine subway success such sugar suit suite sulfur sum summer summit sun
sunday sunflower sunny sunrise sunset super supply support supreme sure surf surface surge surprise surround survey
survive swallow swan swap sweet swell swift swim swing switch sword symbol sync synergy syrup system systems table
tablet tack tag tail tailor take tale talent talk tall tan tandem tangent tango tank tap tape target task taste tea
teach team tear technologies technology teddy tell temper temple ten tender tent term terra test text than thank that
theater theme theory there thermal thick thing think third thistle thorn thought thread three thrift thrive through
throw thumb thunder ticket tide tidy tie tiger tight tile timber time tin tiny tip titan title toast today toe
together tomato tomorrow ton tone tongue tonic tool tooth top topaz torch tornado tortoise total totem touch tough
tour toward towel tower town toy trace track tracker trade trader tradition trail train training transfer transform
transit translate trap travel tray treasure treat tree trek trellis trend trends triangle tribe tribute trick trident
trim trio trip triple triumph trolley trophy tropic trout truck true truffle trumpet trunk trust truth try tub tube
tulip tuna tundra tune tunnel turbo turkey turn turtle twelve twenty twig twin twist two type ultimate ultra umbrella
uncle uncommon under unicorn uniform union unique unison unit unite unity universal universe university up upbeat
uplift upon upper upright upstart urban urge us use useful usher utmost vacation vacuum vale valley valor value van
vanguard vanilla vantage vapor variety vault vector vegan veil vein velocity velvet venture venue venus verb verdict
verge verify verse version very vessel vest vet via vibe vibrant victor victory video view viking villa village vine
vintage vinyl violet viper virgin virtual virtue visa vision visit vista visual vital vivid vocal vogue voice void
volcano volt volume vote voyage vulcan wafer wage wagon waist wait wake walk wall wallet walnut walrus wander want war
warm warp warrior wash watch water wave wax way wealth wear weather web wedge week weigh weight welcome well wellness
west western whale wheat wheel whip whisk whisper whistle white whole wide wild will willow win wind window wine wing
winner winter wire wireless wisdom wise wish wit with within without wizard wolf woman wonder wood wool word work
worker workout workshop world worth wrap wren wrench write writer yacht yard yarn year yellow yes yet yield yoga young
your youth zeal zebra zenith zephyr zero zest zigzag zinc zip zone zoom
"""


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
