use super::*;

/// An output of the picture as it is that goes elsewhere too.
fn going(id: &str) -> Output {
    let to = Destination::Url { url: format!("http://elsewhere/{id}?secret"), headers: Vec::new() };
    Output { destination: Some(to), ..output(id, Group::Main, []) }
}

#[tokio::test]
async fn a_result_is_uploaded_before_the_job_is_done_and_again_while_the_other_side_has_trouble() {
    let room = Room::new().await;
    let trouble = Failure::new(Code::DestinationFailed, "status 503");
    room.results.refusals.lock().unwrap().extend([trouble.clone(), trouble]);
    let job = room.end(room.submit(spec([going("a")])).await).await;
    assert_eq!((job.state, job.attempt), (State::Succeeded, 3));
    let uploads = room.results.uploads.lock().unwrap().clone();
    assert_eq!(uploads, [("Url(http://elsewhere/a)".to_owned(), "image/png".to_owned())]);
}

#[tokio::test]
async fn a_result_that_is_not_taken_fails_alone() {
    let room = Room::new().await;
    room.results.refusals.lock().unwrap().push(Failure::new(Code::DestinationRefused, "status 403"));
    let job = room.end(room.submit(spec([going("a"), output("b", Group::Main, [])])).await).await;
    assert_eq!((job.state, job.attempt), (State::PartiallyFailed, 1));
    assert_eq!(results(&job), ["a failed destination_refused: status 403", "b succeeded 80x60"]);
}
