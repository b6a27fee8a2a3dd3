"use strict";

const { assert, collect, failure, later, signalR } = require("../harness.cjs");

function subject(items, error) {
  const upload = new signalR.Subject();
  // The client sends what is pushed after it has begun to listen.
  setTimeout(() => {
    items.forEach((item) => upload.next(item));
    if (error) upload.error(error);
    else upload.complete();
  }, 0);
  return upload;
}

module.exports = [
  {
    name: "a stream that is cancelled at once begins, and cleans up",
    async run(bench) {
      const connection = await bench.open();
      const key = `at-once-${connection.connectionId}`;
      connection.stream("Forever", key).subscribe({ next() {}, complete() {}, error() {} }).dispose();
      await bench.until("ended", { key }, (ended) => ended);
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a stream brings its items in order and completes",
    async run(bench) {
      const connection = await bench.open();
      assert.deepEqual(await collect(connection.stream("Count", 200)), Array.from({ length: 200 }, (_, index) => index));
      assert.deepEqual(await collect(connection.stream("Count", 0)), []);
    },
  },
  {
    name: "a method that returns an iterator of its own making is a stream",
    async run(bench) {
      const connection = await bench.open();
      assert.deepEqual(await collect(connection.stream("CountLater", 3)), [0, 1, 2]);
    },
  },
  {
    name: "several streams run at the same time as calls",
    async run(bench) {
      const connection = await bench.open();
      const streams = [5, 6, 7].map((count) => collect(connection.stream("CountSlowly", count)));
      assert.equal(await connection.invoke("Add", 1, 2), 3);
      assert.deepEqual((await Promise.all(streams)).map((items) => items.length), [5, 6, 7]);
    },
  },
  {
    name: "a stream that fails brings its items first, then the error",
    async run(bench) {
      const connection = await bench.open();
      const items = [];
      const text = await failure(
        new Promise((complete, error) => connection.stream("CountThenFail", 3).subscribe({ next: (item) => items.push(item), complete, error })),
      );
      assert.deepEqual(items, [0, 1, 2]);
      assert.equal(text, "An error occurred on the server while streaming results. HubException: enough");
    },
  },
  {
    name: "a cancelled stream ends on the server",
    async run(bench) {
      const connection = await bench.open();
      const key = `c${Math.random()}`;
      const third = later();
      const subscription = connection.stream("Forever", key).subscribe({
        next: (item) => item === 2 && third.resolve(),
        complete() {},
        error: third.reject,
      });
      await third.promise;
      subscription.dispose();
      await bench.until("ended", { key }, (ended) => ended);
      assert.equal(await connection.invoke("Add", 1, 2), 3);
    },
  },
  {
    name: "a stream ends on the server when the client stops",
    async run(bench) {
      const connection = await bench.open();
      const key = `c${Math.random()}`;
      const first = later();
      connection.stream("Forever", key).subscribe({ next: first.resolve, complete() {}, error() {} });
      await first.promise;
      await connection.stop();
      await bench.until("ended", { key }, (ended) => ended);
    },
  },
  {
    name: "an upload is read to its end",
    async run(bench) {
      const connection = await bench.open();
      const numbers = Array.from({ length: 100 }, (_, index) => index);
      assert.equal(await connection.invoke("Sum", subject(numbers)), 4950);
      assert.equal(await connection.invoke("Sum", subject([])), 0);
    },
  },
  {
    name: "an upload that the client fails raises in the method",
    async run(bench) {
      const connection = await bench.open();
      assert.match(await failure(connection.invoke("Sum", subject([1, 2], new Error("lost count")))), /^An unexpected error occurred invoking 'Sum' on the server\./);
    },
  },
  {
    name: "two uploads and a plain argument keep their places",
    async run(bench) {
      const connection = await bench.open();
      assert.equal(await connection.invoke("Zip", subject(["a", "b"]), "-", subject(["c", "d"])), "a-c b-d");
    },
  },
  {
    name: "streams run both ways at once",
    async run(bench) {
      const connection = await bench.open();
      const upload = new signalR.Subject();
      const heard = [];
      const done = later();
      connection.stream("Upper", upload).subscribe({
        next(item) {
          heard.push(item);
          if (heard.length < 3) upload.next("abc"[heard.length]);
          else upload.complete();
        },
        complete: done.resolve,
        error: done.reject,
      });
      setTimeout(() => upload.next("a"), 0);
      await done.promise;
      assert.deepEqual(heard, ["A", "B", "C"]);
    },
  },
  {
    name: "an upload goes along with a call that wants no answer",
    async run(bench) {
      const connection = await bench.open();
      const heard = later();
      connection.on("Heard", heard.resolve);
      await connection.send("SumAndSay", subject([20, 22]));
      assert.equal(await heard.promise, "42");
    },
  },
  {
    name: "a stream faster than its reader arrives whole",
    async run(bench) {
      const connection = await bench.open();
      const items = await collect(connection.stream("Flood", 3_000, 200));
      assert.equal(items.length, 3_000);
      assert.ok(items.every((item, index) => item.startsWith(`${index}:`)), "an item is missing");
    },
  },
];
