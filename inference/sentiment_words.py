"""The words that tell feelings, for `inference.sentiment_features`: in reviews, answers and business news.

Words are stemmed where they are looked up, so one form stands for all of them; `_` joins the words of a phrase.
Irregular forms are listed. Does not know what is felt about.
"""

from __future__ import annotations

from functools import lru_cache

import snowballstemmer


def word_set(listed: str) -> frozenset[str]:
    """The words of a list written with blanks."""
    return frozenset(listed.split())


_STEMMER = snowballstemmer.stemmer("english")

#: Kind of word -> its words.
_LISTED: dict[str, str] = {
    # movement and events in business news
    "up": """
        rise rose risen jump surge soar rally rallied climb gain advance advanced rebound bounce bounce_back
        zoom spike spurt leap leapt skyrocket shine shone shines glitter sparkle flourish thrive boom recover
        recovery recoup strengthen firm_up edge_up inch_up tick_up move_up pick_up perk_up shoot_up shot_up
        go_up goes_up up ups higher high highs record_high all-time_high upward upside uptrend upswing uptick
        upmove upbeat bullish bull bulls upgrade boost lift lifted propel spur buoy buoyant double doubled
        triple quadruple treble three-fold two-fold multifold grow grew grown growth expand expansion outperform
        outperformer overweight outpace outshine beat_estimates beats_estimates beat_expectations
        beats_expectations tops_estimates top_estimates above_estimates beat_street beats_street beat_forecasts
        better-than-expected profit_rises bags bagged win wins won clinch secured wins_order clear_hurdle
        approval approves nod clearance turnaround profitable profitability returns_to_profit swing_to_profit
        multibagger breakout momentum strong_demand robust healthy stellar bumper upgraded reclaim reclaims
        scale_new extend_gains extends_gains in_the_green green positive_territory relief rescue reward rewards
        dividend bonus buyback top_gainer gainer gainers hot_pick toast_of favour favoured favourite favor
        favored favorite finds_favour lap_up lapped_up make_hay makes_hay next_big record_territory
        well_positioned well_placed bet_big bets_big optimism optimistic flavour_of positive constructive
        raises_guidance raise_stake oversubscribed subscribed_times good_buy value_buy great_buy target_raised
        raises_target hikes_target hike_target upside_potential undervalued attractive lucrative promising
        bright rosy beneficiary benefit benefits benefitted set_to_gain to_gain to_benefit tailwind accumulate
        add_on_dips buy_on_dips buy_call okays upgrades turns_profitable strong_earnings bags_order bags_orders
    """,
    "down": """
        fall fell fallen drop dropped slip slid slide slump plunge plummet tumble sink sank sunk crash dive
        dived nosedive tank tanked dip decline decrease lose loses lost losing loser losers shed sheds retreat
        ease eases eased soften weaken weak weaker weakness sluggish subdued lower low lows all-time_low down
        downs downside downtrend downturn downward downbeat downgrade bearish bear bears underperform
        underperformer underweight drag dragged dent hit_hard hurt batter battered hammer hammered pound pounded
        pummel crack cracks bleed bleeds wipe_out erode erosion shrink shrank contraction deteriorate worsen
        widen widens struggle struggling languish stumble falter stagnate stagnant slow slows slowdown slowing
        sour soured bleak gloomy gloom grim dismal dull tepid lacklustre lackluster muted poor disappoint
        disappointed disappointing disappointment miss_estimates misses_estimates miss_expectations
        misses_expectations below_estimates below_expectations missed warning profit_warning in_the_red negative
        negative_territory pressure under_pressure weigh weighs selloff sell-off selling_pressure sell_call rout
        carnage panic bleakest inauspicious devaluation slower negative_on fear fears worry worries concern
        concerns woe woes jitters angst caution cautious volatile volatility choppy risk risky headwind
        headwinds strain stress crisis default defaults bankrupt bankruptcy insolvency insolvent liquidation
        debt-laden fraud scam scandal probe probes investigation investigated raid raids restrain restrained
        restrict impact impacts mar marred spook rattle rattles snub_by penalty penalise penalised fined fines
        slap slaps ban bans banned barred expel expels suspend suspended suspension halt halts scrap scraps
        shelve shelved cancel cancelled delist lawsuit sue sues sued litigation dispute allegation alleged
        accuse accused guilty protest layoff layoffs lay_off job_cuts cut cuts slash slashes trim trims reduce
        deleted exit exits quit quits dump dumps offload offloads book_profits profit_booking profit-booking
        profit_taking profit-taking whammy blow setback snag hurdle trouble troubled beleaguered embattled loss
        losses bear_market free_fall freefall bottomed_out correction breach recall recalls outage shutdown shut
        shuts delay delayed delays flop flops snub miffed upset irked target_cut cuts_target lowers_target
        overbought overvalued expensive_valuations discount_to tough tougher resistance face_resistance
        sell_shares sells_shares sell_stake sells_stake sells_shares_worth selling_shares slower_demand fine_of
        fail_to_pay fails_to_pay snaps losing_streak stock_down short_selling may_correct market_share_to
    """,
    # verdicts on a product or a firm
    "great": """
        best excellent outstanding superb exceptional fantastic amazing awesome brilliant superior unmatched
        unrivalled unrivaled unbeatable unparalleled unsurpassed gold_standard go-to top top-rated top-notch
        highest-rated best-in-class first-rate second_to_none world-class stellar flawless leading leader winner
        wins standout stands_out stand_out stood_out must-have must_have ideal perfect love loves loved beloved
        favourite favorite highly_recommend highly_recommended strongly_recommend first_choice top_choice
        top_pick best_choice clear_choice obvious_choice safest_choice safe_choice no-brainer hard_to_beat
        hard_to_fault tough_to_beat cannot_go_wrong can't_go_wrong not_go_wrong ahead_of_the_pack shine excel
        excels impress impresses impressive remarkable dominate dominates champion crown takes_the_crown
        worth_every number_one no._1 #1 in_a_league_of_its_own game_changer game-changer delight delightful rave
        raves head_and_shoulders safest_bet best_bet strongest fastest smartest wonderful terrific marvellous
        marvelous incredible magnificent sensational sublime phenomenal splendid spectacular stunning came_first
        comes_first come_first ranks_first ranked_first rank_first first_place takes_first_place ranks_highest
        ranked_highest scored_highest scores_highest tops_the_list top_of_the_list tops_our_list
        top_of_the_ranking at_the_top five_stars 5_stars five-star 5-star four_stars 4_stars hard_to_find_fault
        can't_fault cannot_fault the_one_to_buy the_one_to_get the_one_i'd_pick the_way_to_go make_it
        best_of_all best_in_class best-seller bestseller award-winning happiest could_not_be_happier
        couldn't_be_happier first_rate top_tier top-tier market_leader one_of_the_best thumbs_up life-saver
        lifesaver flagship in_another_league in_a_class_of_its_own nothing_else_comes_close comes_out_ahead
        came_out_ahead won_us_over wins_us_over never_looked_back
        takes_first_place head_above_the_rest unanimously_preferred our_pick
    """,
    "good": """
        good great solid strong reliable dependable trusted trustworthy reputable respected recommend
        recommended recommends recommendation suggest prefer prefers preferred preferable choose pick worth
        worthwhile worth_a_look worth_considering worth_trying worth_it worthy opt go_with go_for consider
        better nicer smoother safer simpler quicker faster stronger easier cheaper easy easiest simple intuitive
        user-friendly friendly handy convenient powerful robust versatile flexible affordable inexpensive cheap
        cheapest cost-effective economical value generous fair transparent fast quick speedy responsive helpful
        knowledgeable attentive thorough accurate precise secure safe stable polished sleek elegant beautiful
        comfortable quiet durable sturdy sound modern innovative rich comprehensive extensive complete seamless
        smooth effortless praise praised praises acclaimed award award-winning commend commended applaud
        appreciate enjoy enjoys happy pleased satisfied satisfying suits suit suited fit fits deliver delivers
        excellent_value smart wise ideal_for works_well holds_up advantage advantages benefit strength strengths
        perk perks plus_point pro pros bonus efficient effective capable competent proven mature scalable
        customizable customisable feature-rich lightweight delicious fresh warm welcoming charming clean
        spacious free good_bet bullish saves saved improves improve improved enhance boost boosts keeper bargain
        steal deserve deserves earns earned admire admired endorsed endorse success successful succeed wonderful
        pleasant neat clever nice lovely fun enjoyable useful well-designed well-made well-built well-documented
        well-reviewed well-regarded well_regarded highly_regarded highly_rated recommendable commendable
        practical crisp tidy straightforward painless productive profitable reassuring impressive competitive
        competitively-priced reasonably_priced low_price low_prices low_cost low-cost low_fees no_fees
        good_value is_for_you right_for_you people_like users_like i_like we_like really_like what_i_like
        never_had_an_issue never_had_a_problem never_crashes don't_hesitate punches_above_its_weight
        has_improved got_better gets_better gives_you_more wins_on wins win winning edge happier happiest
        content ethical sustainable healthy nutritious sharp bright vibrant lively cosy cozy relaxing genuine
        honest professional professionally punctual prompt promptly courteous polite hassle-free pain-free
        user_friendly beginner-friendly family-friendly budget-friendly time-saving feature-packed battle-tested
        future-proof high-quality high_quality top_quality good_quality great_quality well_built well_made
        sensible satisfy delights careful reasonable fine_choice good_choice right_choice thumbs_up
        exceeds_expectations exceeded_expectations spot_on well does_well works_great works_flawlessly
        just_works rock_solid rock-solid pays_off joy a_joy dream_to a_dream_to breeze a_breeze miles_ahead
        never_let_us_down never_let_me_down never_lets_you_down has_never_let in_good_hands pays_for_itself
        short_work_of best_balance better_value deserves_a_spot deserves_a_place well-earned
        hard_to_match would_choose_again
        few_complaints not_without_reason nothing_bad dependably without_fail
    """,
    "bad": """
        bad poor weak lack lacks lacking missing limited limitation limitations lag lags lagging expensive
        overpriced pricey costly pricier dear slow slower slowest sluggish clunky clumsy buggy bug bugs glitchy
        glitch glitches unreliable unstable crash crashes outdated dated old-fashioned obsolete confusing
        complicated cumbersome steep difficult tedious frustrating frustrate frustrated annoying annoy
        irritating disappointing disappoint disappoints disappointed underwhelming mediocre subpar sub-par
        lacklustre lackluster bland dull noisy loud flimsy fragile brittle cheaply dirty cramped rude unhelpful
        unresponsive inaccurate wrong error errors flaw flaws flawed problems problematic issues complaint
        complaints complain complained criticise criticised criticize criticized criticism drawback drawbacks
        downside downsides disadvantage disadvantages weakness weaknesses cons trade-off shortcoming
        shortcomings concerns warn warns warned warning beware careful wary skeptical sceptical doubt doubts
        doubtful regret regrets regretted dislike dislikes suffer suffers struggle struggles fail fails failed
        failure failing fall_short falls_short fell_short falling_short leaves_much_to_be_desired
        left_much_to_be_desired not_worth not_up_to not_live_up worse overrated overhyped overcomplicated
        overkill bloated restrictive rigid hidden_fees hidden_costs hidden_charges surcharge lock-in locked_in
        vendor_lock-in hassle headache pain painful churn left_for switched_away switch_away migrate_away
        moved_away discontinued abandoned unsupported insecure breach breached leaked vulnerable unsafe
        dangerous harmful stale burnt tasteless gimmick gimmicky behind trails trail inferior less_reliable
        less_capable patchy spotty inconsistent erratic shaky downtime outages stingy underpowered thin lose
        loses lost look_elsewhere looks_elsewhere sparse skimpy unintuitive drags breaks break_down broke broken refuses
        refused boring ugly unpleasant awkward inconvenient stressful useless-ish ineffective inefficient
        unprofessional impolite unfriendly unfair dishonest unethical uncomfortable cold soggy greasy bad_value
        poor_value high_price high_prices high_cost high_fees high_costs raised_prices raises_prices price_hike
        price_increase hides ruined ruins ruin hacked spam spammy intrusive invasive laggy freezes freeze hangs
        stutters came_last comes_last ranks_last ranked_last last_place bottom_of at_the_bottom last_choice
        last_resort one_star 1_star two_stars 2_stars not_for_you not_for_me gone_downhill going_downhill
        went_downhill left_a_lot_to_be_desired leaves_a_lot_to_be_desired lot_to_be_desired fault faults faulty
        defective malfunction mess messy chaos chaotic neglect neglected ignore ignores ignored unanswered
        never_replies never_reply took_weeks takes_weeks takes_forever hard_to_recommend difficult_to_recommend
        hard_to_justify hard_to_cancel stranded unhappy dissatisfied disgruntled angry furious cheated stuck
        trapped negative unfavourable unfavorable poorly badly weakly ill-suited unsuitable unsuited unfit
        poor_fit not_a_good_fit wrong_choice bad_choice poor_choice missed mislead shortfall shut_down
        shuts_down closing_down pulled_the_plug sunset nothing_special mixed_reviews drains downhill look_old
        looks_old old dated_design joke a_joke laughable plague plagued shame shambles letdown let-down
        let_us_down let_me_down lets_you_down let_you_down best_left_alone left_alone delivers_little bad_deal
        pass_on shadow_of nuisance leaks locks_you_in locks_you_into impossible_to_cancel
        charged_twice no_support no_updates no_refunds hard_to_clean send_back had_to_send
        leaves_waiting a_toy
        full_of_adverts snap snaps
    """,
    "awful": """
        avoid worst terrible awful horrible dreadful abysmal atrocious appalling useless worthless scam scams
        fraud fraudulent rip-off ripoff nightmare disaster disastrous unacceptable unusable steer_clear
        stay_away stay_clear keep_away stay_far_away give_a_miss shun hate hates hated garbage junk trash
        lawsuit lawsuits dealbreaker deal-breaker not_recommended do_not_recommend don't_recommend
        would_not_recommend wouldn't_recommend cannot_recommend can't_recommend never_recommend think_twice
        run_away waste waste_of_money red_flag red_flags predatory misleading dishonest deceptive untrustworthy
        shoddy don't_buy do_not_buy never_buy never_again avoid_at_all_costs best_avoided should_be_avoided
        ruined disgusting horrendous horrid pathetic ridiculous rubbish lousy crap crappy shocking inexcusable
        wouldn't_buy would_not_buy wouldn't_trust would_not_trust don't_trust do_not_trust nobody_should
        no_one_should don't_waste do_not_waste waste_your waste_of_time
    """,
    # bad things that may rise or fall: "loss narrows" is good news
    "burden": """
        loss losses cost costs debt debts deficit inflation npa npas expense expenses complaint complaints churn
        downtime error errors defect defects provision provisions slippage slippages bug bugs unemployment
        outage outages price_pressure risk risks worry worries fears woes
    """,
    "relieve": """
        narrow narrows shrink ease eases fall drop reduce cut cuts trim slash pare halt halts avert resolve
        settle end ends
    """,
    "negator": """
        not no never without hardly barely scarcely neither nor cannot none nothing nobody isn't aren't wasn't
        weren't don't doesn't didn't won't wouldn't can't couldn't shouldn't ain't far_from no_longer rarely
        seldom lack_of instead_of less fewer little unlikely fails_to failed_to fail_to anything_but isnt dont
        doesnt cant wont few no_one used_to_be don't_think do_not_think don't_believe wouldn't_say would_not_say
        doubt_that nobody_wants no_one_wants little_reason no_reason
    """,
    # phrases that look like a denial and are none
    "affirm": """
        not_only not_just not_merely not_simply not_to_mention no_doubt without_doubt without_a_doubt
        no_question without_question no_wonder no_surprise no_matter no_problem no_problems nothing_but not_bad
        can't_complain no_complaints no_complaint nothing_wrong not_least no_hidden no_lock-in no_hassle no_fuss
        hassle-free without_hassle without_fuss no_issues no_downtime not_expensive never_fails
        never_disappoints doesn't_disappoint not_disappointed won't_disappoint won't_regret not_regret
        don't_miss no_trouble without_trouble risk-free nothing_beats nothing_comes_close few_can_match
        none_better error-free not_miss not_overlook don't_overlook no_reason_to_avoid don't_hesitate no_serious
        no_real_weaknesses no_weaknesses never_had_an_issue never_had_a_problem never_had_any hasn't_let
        wouldn't_hesitate
    """,
    "hedge": """
        may might could would can if whether perhaps maybe possibly likely seems appear depend depends some
        sometimes expected expects expect seen eyed mixed average decent okay ok fine adequate acceptable
        reasonable alright moderate neither_good flat steady unchanged rangebound range-bound sideways
        consolidate stable pros_and_cons neither_good_nor_bad nothing_special does_the_job middle_of_the_pack
        mid-range not_everyone about_equal similar equal no_opinion might_be_worth worth_a_look could_work
        will_do might_be_enough might_suit good_enough
    """,
    "merely": """
        founded headquartered based offers offer provides provide supports support includes include launched
        launch launches high_court supreme_court short_term long_term short-term long-term high_school high_end
        high_street open_offer announced announce announces appoint appoints appointed plans plan option options
        alternative alternatives available known called named compare compared comparison versus vs integrates
        integrate sells makes produces released operates priced starts belongs acquired owned raise raises files
        seeks asks directs proposes meeting report results example examples such_as including among like
        comes_down_to come_down_to down_to set_up setting_up sets_up sign_up signing_up signs_up up_to back_up
        backs_up follow_up end_up made_up up_and_running catch_up look_up top_5 top_10 top_12 top_15 top_20
        top_stocks is_owned is_used are_used used_by used_for use is_based has_offices stores employees
        has_raised cost_of at_the_moment as_well as_well_as well_over well_known well-known higher_education high_level
    """,
    "contrast": """
        aber jedoch mais cependant pero aunque ma però mas porém maar
        but however although though while whereas yet despite nevertheless nonetheless except unlike still
    """,
}
#: The commonest of them in German, French, Spanish, Italian, Portuguese and Dutch.
_ABROAD: dict[str, str] = {
    "great": """
        beste besten bester bestes hervorragend ausgezeichnet exzellent überzeugt überzeugend testsieger
        unschlagbar meilleur meilleure meilleurs excellente incontournable mejor mejores excelente ottimo
        ottima migliore migliori eccellente melhor melhores ótimo ótima uitstekend uitstekende
    """,
    "good": """
        gut gute guten guter gutes günstig zuverlässig empfehlen empfehle empfehlenswert empfohlen einfach
        benutzerfreundlich lohnt bon bonne bons bonnes fiable recommande recommandé bueno buena buen buenos
        buenas recomiendo recomendado recomendable fácil merece_la_pena buono buona consiglio consigliato
        affidabile facile bom boa recomendo recomendada goed goede betrouwbaar aanrader raad_aan
        vale_la_pena pratique idéal ideale
    """,
    "bad": """
        schlecht schlechte schlechter teuer überteuert langsam umständlich unzuverlässig enttäuscht
        enttäuschend enttäuschung mangelhaft fehlerhaft cher chère chers lent lente décevant décevante
        déçoit peu_fiable manque caro cara caros lento lenta malo mala peor decepciona decepcionante costoso
        costosa scarso scarsa delude deludente pior ruim duur dure traag slecht slechte tegenvallend
        peu_pratique
    """,
    "awful": """
        rate_ich_ab abzuraten abraten vermeiden nicht_empfehlen finger_weg schlechteste déconseille
        déconseillé éviter fuir pire evita evitar evite desaconsejo no_vale_la_pena sconsiglio peggiore
        peggiori não_recomendo afrader
    """,
    "negator": """
        nicht kein keine keinen nie ohne pas jamais sans non não nunca niet geen nooit
    """,
    "affirm": """
        nicht_nur nur_empfehlen pas_seulement no_solo no_sólo non_solo não_só niet_alleen ohne_zweifel
        sin_duda sans_doute
    """,
}
for _kind, _more in _ABROAD.items():
    _LISTED[_kind] += _more

#: What stands between two names -> what it says of the one before it; the opposite of the one after it.
_RELATIONS: dict[int, str] = {
    1: """
        can_match can_rival comes_close_to come_close_to beat beats beating outperform outperforms outperformed
        outperforming outshine outshines outclass outclasses outpace outpaces outrank outranks outsell outsells
        overtake overtakes overtook overtaken surpass surpasses surpassed exceed exceeds eclipse eclipses trump
        trumps top tops topped edge_out edges_out edged_out edge_past edges_past best_over win_over wins_over
        won_over wins_against triumph_over leave_behind leapfrog leapfrogs dethrone dethrones defeat defeats
        defeated crush crushes better_than over rather_than instead_of ahead_of superior_to preferable_to
        is_preferred_to more_than_a_match stronger_than above head_and_shoulders_above replace replaced replaces
        gains_on pull_ahead_of pulls_ahead_of an_edge_over a_step_up_from step_up_from upgrade_from
        has_the_edge_on rings_around best_of blows_away not_so_with as_opposed_to unseats unseat outlast outlasts
        outlasted outrun outruns takes_first_place_from besser_als günstiger_als schneller_als meilleur_que
        meilleure_que mieux_que mejor_que migliore_di melhor_que melhor_do_que beter_dan
    """,
    -1: """
        lose_to loses_to lost_to losing_to lag lags lagging lag_behind lags_behind lagged_behind trail trails
        trailing trailed trail_behind behind falls_behind fell_behind fallen_behind falling_behind fall_behind
        inferior_to worse_than second_to pales_beside pales_against pales_next_to no_match_for not_a_match_for
        beaten_by outperformed_by outclassed_by overtaken_by surpassed_by eclipsed_by outshone_by outsold_by
        outpaced_by edged_out_by topped_by replaced_by cedes_ground_to
        falls_short_of fell_short_of weaker_than below switched_to switch_to moved_to move_to migrated_to
        migrate_to switching_to moving_to migrating_to abandoned_for left_for dropped_for ditched_for
        defected_to not_as_good_as not_match not_in_the_same_league_as a_step_down_from runner-up_to
        cannot_compete_with can't_compete_with struggles_against gives_way_to cannot_match can't_match
        does_not_match doesn't_match a_toy_next_to schlechter_als teurer_als langsamer_als pire_que moins_bon_que
        peor_que peggiore_di pior_que pior_do_que slechter_dan duurder_dan
    """,
}

#: Verbs by which a subject judges or strikes its object, who alone is felt about.
_OBJECT_VERBS: dict[int, str] = {
    1: """
        upgrade upgrades upgraded recommend recommends recommended buy buys bought back backs backed prefer
        prefers preferred praise praises praised choose chooses chose pick picks picked likes love loves favour
        favours favor favors endorse endorses rate_highly rates_highly bullish_on overweight_on positive_on
        upbeat_on bets_on bet_on optimistic_on try try_out suggest suggests use consider go_with opt_for
        stick_with go_for invest_in accumulate trust lifts boosts lift boost help helps propel propels award awards
        upside_in value_in opportunity_in turn_to look_to start_with sees_upside_in approves clears
        recommend_using worth_trying choose_between_only can't_go_wrong_with nothing_beats hard_to_beat
        no_one_beats nobody_beats
    """,
    -1: """
        downgrade downgrades downgraded sell sells sold sue sues sued fine fines fined penalise penalises
        penalize slap slaps slapped ban bans banned bar bars barred probe probes probed investigate investigates
        avoid avoids skip ditch dump dumps dumped exit exits criticise criticises criticize criticizes
        criticised blame blames accuse accuses drag drags hurt hurts hit hits dent dents hammer hammers
        bearish_on underweight_on negative_on cautious_on weighs_on weigh_on better_alternatives_to
        better_alternative_to better_options_than steer_clear_of stay_away_from keep_away_from beware_of wary_of
        warn_against warns_against advise_against moved_away_from switch_from switched_from migrate_from leave
        leaves left expel expels suspend suspends cuts_target_on trims_stake_in warned_about complaints_about
        problem_with problems_with issues_with replace forget raid raids notice_to penalty_on pressure_on
        blow_to setback_for trouble_for against
    """,
}

#: Comparatives that say worse; others in -er say better.
_WORSE = word_set(
    """
    worse slower weaker pricier costlier harder riskier clunkier noisier heavier smaller lower fewer dearer
    poorer duller rougher tougher older messier later
    """
)
_NO_COMPARATIVES = word_set(
    """
    other another rather over under never however whether either neither after per later former customer user
    user's number order offer power water computer paper member partner provider server manager leader container
    consider together ever newer further remember matter cover enter career carrier buyer broker
    """
)
#: Words that are looked up as they stand: their stem is another word's too.
EXACT = word_set(
    """
    honestly effect effects position positions competition bag break constructive dated earns earned fitness
    friendly helpful limitation limitations liquidation lively living practical productive promising snaps
    pleased pleasant useful likely liquidity route routes complete completes completed completing playing
    contract contracts mature maturing broking issue issuing issued leading saving savings suite suites picking
    betting backing stands bearing bears likewise finely goods dependable costly polished polish okay okays fine
    fined fines profitable profitability pound pounds careful trying like security securities reasonable limited
    hardly barely rarely unlikely quite correct own try use missed old careless interesting firms firm lately
    shortly generally drains played player players finance financing powered powers power contented contents
    content rating rates rate appears appearance fits fitting cons con fault hides stuck sounds dependably su
    """
)
MERE_QUANTITY = word_set("more less fewer greater")
LONGEST_PHRASE = 6


@lru_cache(maxsize=1 << 16)
def stem(word: str) -> str:
    """The word without its ending, lower-case; as it stands where its stem would be another word's."""
    return f"={word}" if word in EXACT else str(_STEMMER.stemWord(word.lower()))


def _phrases(listed: str) -> list[tuple[str, ...]]:
    return [tuple(stem(part) for part in entry.split("_")) for entry in listed.split()]


#: Stems of a word or phrase -> the kinds it is of.
KINDS: dict[tuple[str, ...], frozenset[str]] = {}
for _kind, _listed in _LISTED.items():
    for _phrase in _phrases(_listed):
        KINDS[_phrase] = KINDS.get(_phrase, frozenset()) | {_kind}

RELATIONS = {phrase: sign for sign, listed in _RELATIONS.items() for phrase in _phrases(listed)}
OBJECT_VERBS = {phrase: sign for sign, listed in _OBJECT_VERBS.items() for phrase in _phrases(listed)}


def comparative(word: str) -> int:
    """1 for a comparative that says better, -1 for one that says worse, else 0."""
    if word in _WORSE:
        return -1
    if word in {"better", "more"}:
        return 1
    if word in {"less", "fewer"}:
        return -1
    return int(len(word) > 4 and word.endswith("er") and word not in _NO_COMPARATIVES)
