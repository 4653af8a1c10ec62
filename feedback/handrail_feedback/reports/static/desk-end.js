// Once a session has ended, no tab of this browser goes on showing what is for people who are signed in.
// Without this script, a tab shows what it showed until it is used, and then asks to sign in.
"use strict";

(() => {
  const { idle, account } = document.currentScript.dataset;
  const channel = new BroadcastChannel("handrail.desk");
  let used = Date.now();

  // What was written and not sent stays: sent later, it is shown beside the form to sign in.
  const isWriting = () => [...document.querySelectorAll("textarea")].some((field) => field.value !== field.defaultValue);
  const forget = () => { if (!isWriting()) location.reload(); };

  // The tab in which somebody signs out says so before it is done.
  const whenEnded = async (tries) => {
    const answer = await fetch(account, { method: "HEAD" }).catch(() => null);
    if (answer?.status === 401) forget();
    else if (tries) setTimeout(whenEnded, 1000, tries - 1);
  };

  channel.onmessage = ({ data }) => {
    if (data === "used") used = Date.now();
    if (data === "signing out") whenEnded(5);
  };
  channel.postMessage("used");
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-sign-out]")) channel.postMessage("signing out");
  });
  setInterval(() => { if (Date.now() - used > (Number(idle) + 1) * 60000) forget(); }, 30000);
})();
