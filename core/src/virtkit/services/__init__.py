"""What drivers share: tables of objects, locks with deadlines, jobs, and a runner for helper programs."""
