//! What every adapter of [`Store`] must do, one test for each sentence of the port.
//!
//! An adapter's tests say `contract_tests!(make)`, where `make` is an async function that gives a
//! [`Subject`] with an empty store.

pub(super) mod deliveries;
pub(super) mod ends;
pub(super) mod keep;
pub(super) mod library;
pub(super) mod nodes;
pub(super) mod plugins;
pub(super) mod queue;
pub(super) mod submit;
pub(super) mod walk;

use std::{
    any::Any,
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use uuid::Uuid;

use super::*;
use crate::{
    clock::Clock,
    job::{Callbacks, Encoding, Group, Output, OutputReport, OutputState, Progress, Report, Spec, new_id},
    source::Source,
    webhook::{Policy, Signer},
};

/// The breaker settings that a subject's store is opened with.
pub(super) const BREAKER_FAILURES: u32 = 3;
pub(super) const BREAKER_PAUSE: Duration = Duration::from_secs(5);
pub(super) const BREAKER_MAX_PAUSE: Duration = Duration::from_secs(15);

/// The lease that tests take.
const LEASE: Duration = Duration::from_secs(30);

/// An empty store with the clock it was given.
pub(super) struct Subject {
    pub(super) store: Box<dyn Store>,
    pub(super) clock: Clock,
    /// How many thousands of rows are many: what takes seconds.
    pub(super) thousands: u64,
    /// What has to live as long as the store: a folder, a database.
    pub(super) _keep: Box<dyn Any + Send + Sync>,
}

impl Subject {
    /// The clock that subjects start with.
    pub(super) fn clock() -> Clock {
        Clock::stepped(UNIX_EPOCH + Duration::from_secs(1_800_000_000))
    }

    fn pass(&self, seconds: u64) {
        self.clock.step(Duration::from_secs(seconds));
    }

    async fn account(&self, key: &str) {
        self.store.create_account(account(key)).await.unwrap();
    }

    /// Submits one plain job of `account`.
    async fn queue(&self, account: &str) -> Uuid {
        self.store.submit(submission(account, vec![job()])).await.unwrap().jobs[0]
    }

    /// Claims one job.
    async fn claim(&self) -> ClaimedJob {
        let mut claimed = self.store.claim_jobs(1, LEASE).await.unwrap();
        assert_eq!(claimed.len(), 1, "one job is due");
        claimed.remove(0)
    }

    async fn claim_ids(&self, limit: u32) -> Vec<Uuid> {
        self.store.claim_jobs(limit, LEASE).await.unwrap().iter().map(|claimed| claimed.job.id).collect()
    }

    async fn row(&self, account: &str, id: Uuid) -> JobRow {
        self.store.job(account, id).await.unwrap().expect("the job is there")
    }

    /// Owes deliveries of `demo` by way of a job that ends with them.
    async fn owe(&self, deliveries: Vec<NewDelivery>) {
        self.queue("demo").await;
        let claimed = self.claim().await;
        let mut completion = completion(State::Succeeded);
        completion.advance.deliveries = deliveries;
        self.store.complete(claimed.job.id, claimed.token, completion).await.unwrap();
    }

    async fn claim_deliveries(&self) -> Vec<ClaimedDelivery> {
        self.store.claim_deliveries(first_tries()).await.unwrap()
    }
}

pub(super) fn account(key: &str) -> Account {
    Account {
        key: key.into(),
        secret: format!("secret of {key}"),
        webhook_secret: "whsec_bmV3".into(),
        previous_webhook_secret: None,
        previous_until: None,
        settings: Default::default(),
        created_at: UNIX_EPOCH + Duration::from_secs(1_799_999_999),
    }
}

fn output(id: &str) -> OutputReport {
    OutputReport {
        id: id.into(),
        group: Group::Main,
        state: OutputState::Pending,
        token: Uuid::new_v4().simple().to_string(),
        width: None,
        height: None,
        frames: None,
        format: None,
        bytes: None,
        sha256: None,
        md5: None,
        recipe: None,
        data: Vec::new(),
        steps: Vec::new(),
        error: None,
    }
}

pub(crate) fn job() -> NewJob {
    let encoding = Encoding { format: Some("png".into()), ..Encoding::default() };
    let outputs =
        vec![Output { id: "main".into(), group: Group::Main, steps: Vec::new(), encoding, destination: None }];
    NewJob {
        id: new_id(),
        priority: 0,
        spec: Spec {
            patience: None,
            rendering: Default::default(),
            dialect: "native".into(),
            source: Source::Canvas { width: 8, height: 8, color: [0, 0, 0, 255] },
            outputs,
            open: false,
            callbacks: Callbacks::default(),
            reference: None,
            store_as: None,
            intake: Default::default(),
            extra: serde_json::Value::Null,
        },
        report: Report { outputs: vec![output("main")], ..Report::default() },
        blobs: Vec::new(),
    }
}

pub(crate) fn submission(account: &str, jobs: Vec<NewJob>) -> Submission {
    Submission { account: account.into(), jobs, batch: None, idempotency: None, queue_limit: 1000 }
}

pub(crate) fn batch() -> NewBatch {
    NewBatch {
        id: new_id(),
        dialect: "native".into(),
        notification_url: Some("https://example.com/batch".into()),
        reference: Some("spring".into()),
        extra: serde_json::json!({"colour": "green"}),
    }
}

pub(crate) fn completion(state: State) -> Completion {
    let report = Report { outputs: vec![output("main")], ..Report::default() };
    let advance =
        Advance { report, progress: Progress { done: 1, total: 1 }, deliveries: Vec::new(), blobs: Vec::new() };
    Completion { state, advance, changes: Vec::new() }
}

pub(crate) fn delivery(url: &str) -> NewDelivery {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    NewDelivery {
        id: new_id(),
        account: "demo".into(),
        job: Some(new_id()),
        batch: None,
        order_key: new_id(),
        sequence: 0,
        kind: "job.finished".into(),
        url: url.into(),
        body: format!("{{\"number\":{number}}}\n").into_bytes(),
        content_type: "application/json".into(),
        headers: vec![("x-number".into(), number.to_string())],
        signer: Signer::StandardWebhooks,
        signing_key: None,
        policy: Policy::Native,
    }
}

pub(crate) fn first_tries() -> DeliveryClaim {
    DeliveryClaim { limit: 100, lease: LEASE, retries: false, per_receiver: 100, per_account: 100 }
}

fn later_tries() -> DeliveryClaim {
    DeliveryClaim { retries: true, ..first_tries() }
}

pub(crate) fn attempt(at: SystemTime, status: Option<u16>) -> AttemptRow {
    AttemptRow { number: 1, at, elapsed: Duration::from_millis(12), status, detail: "so be it".into() }
}

fn recorded(claimed: &ClaimedDelivery, at: SystemTime, status: Option<u16>, verdict: Verdict) -> RecordedAttempt {
    RecordedAttempt { id: claimed.row.id, token: claimed.token, attempt: attempt(at, status), verdict }
}

fn asset(id: &str, sha256: &str) -> AssetRow {
    AssetRow {
        account: "demo".into(),
        id: id.into(),
        sha256: sha256.into(),
        bytes: 1234,
        format: "png".into(),
        width: 20,
        height: 10,
        created_at: UNIX_EPOCH + Duration::from_secs(1_800_000_000),
    }
}

/// Makes a test of every behaviour; `$make` gives a fresh subject.
macro_rules! contract_tests {
    ($make:path) => {
        crate::store::contract::contract_tests!(@modules $make;
            submit: an_account_is_found_by_its_key, an_account_is_made_once, accounts_are_listed_by_key,
                secrets_are_replaced_together, settings_of_an_account_are_kept, an_accounts_own_limit_counts, a_job_is_found_by_its_account_only, a_submission_keeps_the_order_of_its_jobs,
                a_submission_without_an_account_is_refused, a_repeated_key_answers_the_first_ids,
                a_key_used_for_another_request_is_refused, a_key_is_scoped_to_its_account,
                a_key_is_honoured_for_its_lifetime, a_full_queue_refuses_all_and_keeps_none,
                running_jobs_do_not_fill_the_queue, a_failed_submission_leaves_nothing, jobs_are_listed_newest_first_in_pages,
                jobs_are_filtered, a_foreign_cursor_is_refused, an_output_is_found_by_its_token;
            queue: a_claim_makes_a_job_running, an_empty_queue_gives_nothing, higher_priorities_run_first,
                older_jobs_run_first, the_account_with_fewest_running_comes_first, the_account_served_least_recently_comes_first,
                a_heartbeat_keeps_the_lease, a_heartbeat_tells_of_a_cancellation, a_heartbeat_of_a_lost_lease_is_lost,
                a_lost_lease_returns_the_job, a_lost_job_waits_longer_each_time, a_poison_job_comes_back_claimed,
                a_lost_lease_writes_nothing, a_released_job_waits_for_its_delay, a_drained_job_gets_its_attempt_back,
                the_next_due_job_is_known;
            ends: an_advance_is_seen_by_readers, an_advance_tells_nothing_twice, a_completed_job_is_final,
                a_state_that_is_not_final_ends_nothing, a_completion_stores_the_asset, a_waiting_job_is_cancelled_now,
                a_running_job_is_asked_to_stop, a_final_job_is_too_late_to_cancel, a_foreign_job_is_not_found,
                a_batch_counts_its_jobs, the_last_job_finishes_the_batch, a_cancelled_last_job_finishes_the_batch,
                a_batch_is_announced_once, an_unfinished_batch_is_not_announced, batches_are_listed_as_asked_for;
            deliveries: a_delivery_comes_out_as_it_went_in, a_delivery_is_claimed_once, an_accepted_delivery_is_done,
                a_retry_waits_for_its_time_in_the_other_lane, only_the_head_of_an_order_key_goes_out,
                a_head_that_waits_holds_its_siblings, a_dead_head_lets_the_next_go, an_earlier_sibling_that_comes_late_goes_first,
                a_receiver_gets_its_share_only, an_account_gets_its_share_only, one_receiver_does_not_hold_up_another,
                a_lost_delivery_lease_returns, a_lost_delivery_lease_does_not_hinder_others, the_log_keeps_the_last_fifty,
                failures_in_a_row_open_the_breaker, a_probe_closes_the_breaker, a_failed_probe_doubles_the_pause,
                an_answer_in_between_keeps_the_breaker_closed, a_replay_sends_the_same_message, a_replay_does_not_wait,
                secrets_come_with_a_claim, a_further_key_signs_until_it_ends, deliveries_are_listed_newest_first_in_pages, the_next_due_delivery_is_known;
            keep: an_asset_replaces_one_of_its_id, an_asset_is_forgotten, blobs_in_use_are_not_unreferenced,
                old_work_is_forgotten, of_many_ended_jobs_only_those_due_are_forgotten, young_and_pending_work_stays, old_keys_are_forgotten, gauges_count_what_waits,
                a_good_store_is_ready;
            library: a_resource_comes_out_as_it_went_in, a_resource_is_changed_by_who_read_it_last, a_taken_name_is_a_conflict,
                a_failing_change_undoes_those_before_it, a_dropped_resource_takes_its_results_along, a_version_outlives_its_resource, a_job_ends_together_with_its_changes,
                a_change_can_accept_a_job, a_change_can_accept_a_batch, resources_are_filtered, resources_are_sorted_and_paged, resources_are_counted_by_column,
                value_names_are_listed_once, a_result_is_kept_once, results_are_found_by_what_they_were_made_of, results_are_listed, documents_are_named_things,
                keys_are_unique_on_the_server, chunks_come_in_their_order, blobs_of_the_library_are_in_use, totals_add_up;
            plugins: a_plugin_comes_out_as_it_went_in, a_plugin_is_changed_by_who_read_the_set_last, blobs_of_plugins_are_in_use,
                a_change_of_plugins_is_told_and_written_down, the_audit_log_is_listed_newest_first_in_pages;
            nodes: a_job_waits_for_a_node_that_has_what_it_needs, work_is_held_by_one_at_a_time, a_bucket_gives_what_comes_to_it,
                nodes_are_listed_while_they_are_up;
            walk: random_walks_agree_with_a_simple_model;
        );
    };
    (@modules $make:path; $($module:ident: $($name:ident),+;)+) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $name() {
                crate::store::contract::$module::$name($make().await).await;
            })+
        })+
    };
}
pub(super) use contract_tests;
