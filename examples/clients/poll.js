// Wait for what comes of a task: node poll.js http://localhost:5000/tasks/<id>/result

// The server may close a connection that rests at the moment when it is used again.
async function look(url, tries = 3) {
  try {
    return await fetch(url);
  } catch (error) {
    if (tries === 1) throw error;
    return look(url, tries - 1);
  }
}

async function answerOf(url) {
  for (;;) {
    const answer = await look(url);
    const waiting = answer.status === 202 || answer.status === 503;
    if (answer.headers.has("AsyncResult") || !waiting) return answer;
    const seconds = Number(answer.headers.get("Retry-After") ?? 1);
    await new Promise((wake) => setTimeout(wake, seconds * 1000));
  }
}

answerOf(process.argv[2]).then(async (answer) => {
  console.log(answer.status, answer.headers.get("AsyncResult") ?? "-", await answer.text());
});
