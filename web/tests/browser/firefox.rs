//! The main flows in Firefox: the same tests that Chromium runs, so that a flow is written once.

use anyhow::Result;

use crate::driver::in_firefox;

/// Runs tests of other files in Firefox.
macro_rules! in_firefox {
    ($($file:ident::$test:ident,)*) => {$(
        #[test]
        #[ignore = "it needs the built page: `cargo xtask test`"]
        fn $test() -> Result<()> {
            in_firefox(crate::$file::$test)
        }
    )*};
}

in_firefox! {
    // The landing, and a scenario's first curve.
    landing::the_bare_address_shows_the_way_to_a_recording_and_questions,
    landing::a_question_leads_to_its_scenario_and_the_address_back,
    opening::a_page_that_is_left_while_it_starts_starts_when_it_is_shown_again,
    // A setting changes the curve and the link, and a link brings both back.
    links::a_link_brings_everything_back_and_back_and_forward_work,
    links::a_link_of_the_first_form_opens_its_state,
    // A recording is dropped, and four clicks lead to a Dockerfile's line.
    advice::a_newcomer_copies_a_remedy_with_four_clicks,
    dropped::a_recording_that_is_dropped_runs_as_the_trace_that_it_holds,
    // The story and the tour, and a talk.
    landing::the_story_leads_a_newcomer_to_why_the_threshold_does_nothing,
    tour::an_address_opens_a_step_and_arrows_turn_it_as_a_talk,
    stage::each_step_of_a_talk_fills_one_screen,
    // A look into a moment: map, pins and decisions.
    simulation::moving_the_playhead_with_the_keyboard_changes_map_and_diagnosis,
    depths::the_whole_log_is_searched,
    // Small frames, and the element on a page of another origin.
    stage::a_small_frame_is_readable,
    embedding::a_frame_on_another_origin_is_driven_by_messages,
    embedding::the_element_stands_twice_on_a_page,
    package::the_example_page_runs_the_engine,
    // The page saves itself, and pictures, under the policy of the docs.
    saved::a_saved_page_shows_the_recording_and_everything_set_and_saves_itself,
    pictures::what_the_buttons_save_says_what_it_is_of_under_the_policy_of_the_docs,
    hosting::the_page_works_in_a_folder_of_a_server_under_the_policy_of_the_docs,
    hosting::the_policy_of_the_docs_refuses_scripts_within_the_page,
    // Dark and light.
    opening::the_button_changes_the_colours,
    opening::the_colours_follow_the_users_preference,
}
