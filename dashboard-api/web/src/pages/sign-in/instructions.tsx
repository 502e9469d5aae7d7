// How to get a sign-in link where no mail is sent.
import classes from '../../parts/door.module.css'

export function LinkInstructions() {
  return (
    <>
      <h2>How to get a link</h2>
      <p>Ask whoever runs this service. On the machine where it runs, they make one with:</p>
      <pre className={classes.command}>auth-service sign-in-link --email you@example.com</pre>
      <p>Open the link in this browser. It works once.</p>
    </>
  )
}
