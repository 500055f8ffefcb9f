"""Stems found on many pages, by how much each says of a text; written by `bench/train_support.py --words`."""

from __future__ import annotations

COMMON: dict[float, str] = {
    0.1: """
        add base best creat differ dont even everi find first help high import includ keep like look make mani
        may need new offer one provid right see set start take time use want way well without work year
    """,
    0.2: """
        access addit allow alway anoth around avail back better build call chang check choic choos come complet
        connect consid cost custom data day depend design detail direct easi effect end ensur exampl experi
        featur feel fit focus follow free full get give go good great guid home howev improv inform key know
        larg last learn less level limit list live long made manag mean might much multipl next note number
        often option part peopl perform person place plan point possibl power price process product qualiti
        quick rang read real recommend requir result run save servic share show simpl size small specif step
        still support sure system thing tool top tri two type understand user valu world
    """,
    0.3: """
        abl account across activ actual advanc afford along alreadi amount answer app appli applic approach area
        articl ask automat avoid away basic becom begin benefit big bit break bring budget built busi buy care
        case certain challeng clean clear close code collect combin common compani compar complex condit consist
        contain content continu control cover current cut date deal deliv determin develop doesnt done e easier
        easili effici either enjoy enough entir especi essenti everyth exact expect expens expert explor extra
        factor famili fast final flexibl form found friend function futur general generat goal grow hand handl
        higher hour ideal identifi impact increas individu industri instead integr interest invest isnt issu
        item lead leav life light line link littl local locat longer lot love low lower main maintain major
        market match matter meet mind minut model money month move must name natur near never non onlin open
        oper order organiz other overal particular pay per perfect pick platform plus popular posit post potenti
        practic prefer prepar prevent problem profession program project protect purchas put question rate reach
        readi realli reason receiv reduc refer regular relat remov report research resourc respons return review
        s say second secur select serv sever short signific similar sinc singl solut someth sourc space special
        stand standard state stay store strong style success suit tabl team technolog term test think though
        three tip today togeth track tradit train trust turn typic uniqu updat usual vari varieti version view
        week wide within worth write yet yourself
    """,
    0.4: """
        abil accept accord achiev action adapt address adjust advantag advic affect age ai almost altern
        although among anyon anyth appear arent assist associ attent author autom averag balanc beyond black
        bodi book box brand c cannot capabl carri categori caus center charg class click color com comfort
        communic communiti competit compon comprehens comput consum contact conveni convers core countri cours
        credit critic daili decid decis dedic deep demand devic digit discov discuss document drive drop due
        earli eas edg effort els email enabl energi engag engin enhanc environ equip error establish etc evalu
        event ever everyon excel except exist expand extens face fact fall faq far faster favorit fee file fill
        five fix food four frequent fulli gain given global googl group growth happen hard head health histori
        hold hous human idea imag implement initi innov insid insight involv job journey kind known languag
        larger later latest least left let load machin manual manufactur materi measur mention method minim miss
        mix mobil modern monitor multi navig necessari network news night normal notic object offic old opportun
        optim origin pack packag page pass past pattern period phone piec play pre premium present previous pro
        probabl produc proper public purpos quit rather recent record reliabl remain rememb replac repres
        request rest risk room safe said sale scale schedul search section seem self send sens separ setup shape
        shop side sign simpli simplifi site situat skill smaller smart smooth social softwar solid someon
        sometim sound speed spend spot stop storag strategi stress structur suggest surpris switch talk task
        tech technic tell text thank third thought throughout total touch travel true u ultim unit unlik various
        via video visit visual walk watch water web websit weight whole wont word x yes
    """,
    0.5: """
        absolut accur act adopt agent ago ahead aim air align alon amaz amazon american analysi annual anywher
        apart api appl appreci appropri approv arriv art aspect assess assign attract awar b bad bag bank bar
        batteri beauti beginn behavior behind believ biggest bill block blog board boost bottom calcul captur
        car card certif chanc chat citi claim classic client cloud co coffe cold collabor comment commit compact
        comparison compat con concept concern confid configur consider construct consult contribut convert cool
        copi correct count coupl coverag creativ d decad default defin definit degre deliveri deploy depth
        describ descript desir detect didnt difficult discount display distribut dive dollar doubl download dri
        driven durabl dynam earlier earn eat edit educ electr electron element elimin encourag enter enterpris
        entri equal estim evolv excit execut experienc expertis explain express extend extrem eye f fail
        familiar feedback field figur filter financi fine finish flat flow forc forget format forward foundat
        fresh front fun g game goe govern grade greater green ground guarante habit half happi healthi heart
        heat heavi highlight hire hit hope host hot https huge hundr immedi impress incred independ indic input
        inspir instal instanc instant instruct insur intellig intens interact interfac internal internat
        internet introduc intuit join knowledg lack launch length licens lifestyl lightweight lock log lose loss
        m mainten map mark master maxim maximum mechan media medic medium member memori messag mid million
        minimum mode moment nation nativ necessarili nice noth numer occur older opt otherwis outsid overwhelm
        owner paid pair panel paper parent park parti partner path payment photo physic pictur plant plenti
        polici precis predict pressur pretti primari print priorit privat profil progress promot properti pros
        publish pull push qualifi rais rank red reflect region regul relationship releas relev reli remot resist
        respect respond restrict rich rise role round rout routin rule safeti satisfi school score screen
        seamless season seek seen sell seri serious server session shift sit six skip slight slow soon sort
        speak staff stage stick stori strength struggl studi subject super suppli surfac sustain t tag tailor
        taken target tast tax techniqu temperatur tend themselv thousand took topic toward trade traffic
        transform transit transpar treat trend trial trip truli unless upgrad usag util valuabl variabl versatil
        virtual visibl volum vs wait wall wear weather whatev white window wonder workflow worri written zero
    """,
    0.6: """
        acceler accessori accommod administr adult advertis aesthet affili agenc agre agreement aid algorithm
        alongsid america analyt analyz android angl anim appeal approxim architectur argument arm array artifici
        assum attach attempt attend attribut audienc audio auto award background band basi bean benefici bigger
        blend bought breakdown bright broad brows browser button california came camera cancel capac cash catch
        central certifi chain chair channel charact chart cheap cheaper checklist children chosen climat clock
        cloth command commerci commiss compet competitor complianc complic compromis concentr conclus conduct
        confirm confus constant consumpt context contract contrast convent cook corpor correspond couldnt craft
        creation criteria cross crucial cultur cup curv customiz cycl damag dark dashboard databas decreas
        deeper delay demonstr depart desktop despit destin diseas distanc distinct divers divid dozen dramat
        draw drink driver dual easiest ecosystem editor elev emerg emergenc employ employe empti encount
        entertain enthusiast environment eventu everyday evid excess exchang exclus exercis explan explicit
        extern facebook fair fan fantast fastest feder feed feet fewer financ fire firm flavor floor foot
        footprint former forum founder frame framework french fruit fuel fund furnitur gap gather gear gift
        glass gradual grown guidanc guidelin handi hardwar havent hear height hidden highest honest household
        hub hybrid id ident imagin inch incom incorpor index influenc info infrastructur ingredi inspect
        institut intend intent interview introduct io januari jump june k keyword kid kit kitchen label land
        landscap largest late law layer layout leader led legal leverag librari lie lift listen liter logic loop
        lost march massiv max mayb meal meaning metric middl mile mistak moder modifi modul morn most motiv
        mount movement music n narrow negat nest net newer nois none north nutrit obtain obvious occasion offici
        oil ongo onto opinion org organic outcom outdoor outlin output overview own ownership p pace pad pain
        paramet peac peak percent perhap permit plastic plug pocket poor pop portabl portion prep preserv press
        principl prior prioriti privaci profit promis prompt proof prove proven queri quiet quot r rain rapid
        rare re reader realiti realiz recip recogn reduct refin refresh regard regardless regist relax rent
        repair repeat reput reserv resolut retail retriev revenu reward ride road robust roll root rough row
        sampl satisfact scalabl scan scenario scienc seat sensit sensor sent ship shorter shot shown signal
        simplic simultan sleep soft sold sole solv south speaker spec specialist specifi spent sport spread
        spring stabil stabl stack starter statement statist status stock straight straightforward strateg stream
        streamlin strict string student studio stuff submit subscrib subscript suitabl summari summer sun
        supplement surround swap sweet sync tackl teach templat ten therefor thorough thread thrive throw thus
        tie tier tight tini titl told ton trail transact transport treatment tree tune twice ultra unexpect
        universiti unlimit unlock up valid vehicl vendor verifi vision voic w warm wasnt wast wave weak weigh
        welcom went whenev wider win wire wireless wise wish worldwid wrap writer wrong www york youtub
    """,
    0.7: """
        absorb academ accomplish accuraci ad adequ adventur advis alert alik alter announc anxieti applianc
        april arrang artist assembl asset assur attack audit authent babi backup bake bare barrier basket beat
        becam bed began belong besid beverag billion bird blood blue bluetooth boast bonus boot bottl bound bowl
        breath brew bridg brief broader broken brought brown brush bug bulk bundl burn buyer cabl calendar
        calori campaign cap carbon career cater celebr cell centuri characterist cheapest child clariti clip
        closer coach colleg column compil complement compound confer conflict conscious contributor coordin
        corner counter crack creator credenti crisp crop crowd curious daunt de dead decent decor deepli defens
        delici deposit deriv deserv desk dial diet dietari differenti difficulti dimens director disclaim
        discoveri dish disrupt distinguish diy doctor dog domain door dot downsid draft dream durat east economi
        eight eleg elsewher embrac emiss emphas empow encrypt english equival ergonom europ everywher examin
        exceed exclud export exposur extract fabric facil facilit factori failur fals famous farm fat favor fear
        februari felt fertil fi fight flag fli flip flower fold folk forecast forev formal fortun freedom freez
        frustrat fulfil fundament garden gas gave generic gentl genuin glanc gold gone grab grain grant graphic
        grid guess guest h hair hang harder harvest hassl healthcar healthier heavili hello hide histor hook
        hotel html http humid ice icon ignor ii illustr immers imposs indoor inexpens instagram interior
        inventori invit iron island isol iter japanes javascript john joy juli kept kick l lab labor laptop
        latenc leadership lean leg lesson letter lifetim lighter liquid luxuri magic mail maker man matur meant
        meat membership men menu merg metal methodolog migrat min mini minimalist minor mirror mission mitig
        moistur monday motion mountain nearbi newslett northern notabl novemb nut nutrient o observ offlin ok
        okay on onboard orient os outstand overhead overnight partial particip partnership passion paus pc peer
        percentag perspect pet phase photograph phrase pin planet planner plate player podcast polish popul port
        portfolio pot pound presenc primarili procedur processor propos protein pure python random ratio raw
        react realist recov recycl refund reinforc remark remind render renew rental repli resolv restaur retain
        retent retir reus reusabl revers rigor ring rival robot rock rotat rubber runtim salt san satur saw
        scene scope scratch sea secret sector seed seller semi senior settl seven sharp sheet shine shoe
        shouldnt showcas signatur simpler simul sleek slower smarter smartphon smoother snack soil solar
        somewhat somewher sophist span specialti split sponsor squar star startup static station steel steep
        stem stone strain street strengthen stretch strike stronger stun sturdi sub substanti substitut succeed
        suffici sugar superior supplier suppos survey surviv syntax synthet tab tablet takeaway tap tea teacher
        tear termin texa textur thick thin threat ticket timelin tire toler tone tough town trace transfer
        translat trick tricki troubleshoot truth tutori tv uncov unfortun unifi unnecessari upcom upfront upload
        upper url usa usabl usb v vast veget ventur versus vertic vibrant visitor vital warn warranti washington
        weekend wet wherea wi width wild will wind winner winter women wood worker workload workspac wrote
        yellow yield young zone
    """,
    0.8: """
        a accompani acquir adher admin admit afraid africa aggress alloc ancient angel annoy anonym anti anymor
        anyway appoint asia asid august australia aw awesom backpack beach bear bedroom behav bell belt
        benchmark berri bet bike bind bite bold bone boston brain brake branch brazil bread breakfast burst
        butter cach calm canada candid capit cart casual cat changer chapter charger checkout chees cherri
        chicago chief chronic circumst cleaner clever climb clinic cluster clutter coast coat colour combo
        companion compel compens compli compos compost concis concret condens consequ consol constraint convinc
        cooper corn countless cpu crash crm cultiv curat cushion cybersecur dairi danger david debat debri
        decemb declar declin delet demo dens dev die dig dinner dip disabl disappear discard discourag disk
        dispos divis doc domin donat doubt dr drawback dress dump duplic dust duti ear earth eco econom editori
        effortless egg elig elit emot endless endur enforc enrol entiti entrepreneur era espresso estat european
        evening exhaust expans experiment expir expos fashion fellow fiber film finger fish flagship flight
        float florida foo foreign foster fraction franc frequenc friday gen generous germani github globe glove
        gps graduat grand graph greatest greenhous grip groceri guy harm hasnt headach heard heavier held hi
        hike hole homeown honor hospit hurt identif ill implic inc inclus increment inde india injuri inner
        inquiri insert instrument insul interpret interval invoic ip italian japan journal json juic keyboard
        kill king knew lag lake latter lay leaf leak len liabil lid lifecycl linkedin llc loan logist longev
        loos loud lover lowest mac manner mar margin marketplac mass math matt mental mesh mess met micro
        microphon microsoft militari milk mine miner ml mo mood moreov mouth movi muscl nail neck neither
        neutral nine node notch notif notifi null nvidia oblig op oppos opposit orang outdat overcom overlook
        paint pan parallel password pasta patienc patient paul pdf perman persist pink pipe pipelin pixel
        placement plain pleasant plugin polit pollut pool portal pour preced presid proactiv proceed professor
        programm prone prospect proud proxi pump punch q quantiti quarter rack ram recognit recoveri recruit
        registr regulatori reimburs repetit represent resid residenti resili restor resum reveal rice rid roast
        roof rose router rug runner rush sacrif scientif scientist script scroll seal segment seo septemb
        sequenc shelf shield shirt shock shoulder shower skin slice slide slip slot slowli snapshot snow sock
        solo song spain spark speci spectrum spice spreadsheet st standout stapl steadi steam steer stimul strap
        stuck stylish subsequ summar summit sunday sunlight synchron talent tall tank taught theft theme theori
        timer towel tracker traction trap trigger trim tropic troubl truck trustworthi tweak twitter under
        universal unmatch unpack unpredict unusu urban vacuum variat vegan vibe vice vitamin vulner wake wallet
        warmth wash werent west wheel whistl wine wipe workout worn wors worthi wouldnt y z zip zoom
    """,
}
